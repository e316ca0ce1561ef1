package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// The exit codes, which do not change between versions. docs/commands.md and --help list them.
const (
	exitDone        = 0
	exitFailed      = 1   // for a reason that was printed
	exitUsage       = 2   // the command line is wrong
	exitNotFound    = 3   // a profile, file or account that was named is not there
	exitSignIn      = 4   // the sign-in was refused, or there is nothing to sign in with
	exitUnreachable = 5   // the gateway, or the way to it
	exitPermission  = 6   // the user may not do this
	exitService     = 7   // the service is not running
	exitTimeout     = 8   // it took longer than was allowed
	exitCancelled   = 130 // by Ctrl-C, or by an empty answer to a question
)

// exitCodes are all codes, for the documentation.
func exitCodes() []int {
	return []int{exitDone, exitFailed, exitUsage, exitNotFound, exitSignIn, exitUnreachable, exitPermission, exitService, exitTimeout, exitCancelled}
}

// exitCode decides how the program ends because of an error. What the user did goes before what it led to.
func exitCode(ctx context.Context, err error) int {
	var (
		own       *commandError
		problem   *tunnel.Problem
		refusal   *api.Error
		notFound  *store.NotFoundError
		ambiguous *store.AmbiguousError
		entraID   *entra.Problem
		value     *settings.ValueError
		key       *settings.UnknownKeyError
		inAzure   *azure.Problem
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(context.Cause(ctx), errInterrupted), errors.Is(err, errInterrupted):
		return exitCancelled
	case errors.As(err, &entraID):
		return entraExit(entraID.Code)
	case errors.Is(err, signin.ErrCancelled):
		return exitCancelled
	case errors.As(err, &own):
		return own.exit
	case isUsage(err), errors.As(err, &value), errors.As(err, &key), errors.As(err, &ambiguous):
		return exitUsage
	case errors.As(err, &inAzure):
		return azureExit(inAzure.Code)
	case errors.Is(err, signin.ErrNobodyToAsk):
		return exitSignIn
	case errors.As(err, &problem):
		return problemExit(problem)
	case errors.As(err, &refusal):
		return refusalExit(refusal.Code)
	case errors.As(err, &notFound), errors.Is(err, fs.ErrNotExist):
		return exitNotFound
	case errors.Is(err, fs.ErrPermission), errors.Is(err, store.ErrReadOnly):
		return exitPermission
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case isCertificateProblem(err):
		return exitSignIn
	default:
		return exitFailed
	}
}

func isCertificateProblem(err error) bool {
	_, _, ok := signin.ExplainCertificate(err)
	return ok
}

// entraExit sorts the ways in which signing in with Entra ID fails.
func entraExit(code entra.Code) int {
	switch code {
	case entra.CodeCancelled:
		return exitCancelled
	case entra.CodeTimedOut, entra.CodeCodeExpired:
		return exitTimeout
	case entra.CodeUnavailable, entra.CodeThrottled, entra.CodeUnreachable, entra.CodeNoAnswer, entra.CodeProxyFailed, entra.CodeCaptivePortal:
		return exitUnreachable
	default:
		return exitSignIn
	}
}

// azureExit sorts the ways in which Azure does not do what it was asked for.
func azureExit(code azure.Code) int {
	switch code {
	case azure.NoPermission, azure.Locked, azure.ByPolicy:
		return exitPermission
	case azure.SignInNeeded, azure.SignInRefused:
		return exitSignIn
	case azure.Throttled, azure.Unavailable, azure.Unreachable, azure.Untrusted, azure.BadDownload:
		return exitUnreachable
	case azure.NoGateway, azure.NoSubscription, azure.NoSession, azure.NoPackage, azure.RootNotThere, azure.NotRevoked:
		return exitNotFound
	case azure.SeveralGateways, azure.SeveralWays, azure.NoAuthentication, azure.UnknownCloud, azure.NoDetails, azure.Untold, azure.NotAThumbprint,
		azure.OnlyVirtualNetwork, azure.OnlyVirtualWAN, azure.NoRADIUSSecret:
		return exitUsage
	default:
		return exitFailed
	}
}

func refusalExit(code api.Code) int {
	switch code {
	case api.NotFound:
		return exitNotFound
	case api.NotPermitted:
		return exitPermission
	case api.NotRunning, api.Stopping:
		return exitService
	default:
		return exitFailed
	}
}

// problemExit sorts the ways in which connections fail.
func problemExit(problem *tunnel.Problem) int {
	switch problem.Code {
	case tunnel.AuthFailed, tunnel.AuthSessionExpired, tunnel.AuthTemporary, tunnel.AuthQuestion, tunnel.CredentialCancelled,
		tunnel.CertificateRefused, tunnel.CertificateExpired, tunnel.CertificateMissing, tunnel.CertificateWrong,
		tunnel.SignerFailed, tunnel.ResetAfterKey, tunnel.ProxyAuth:
		return exitSignIn
	case tunnel.NameNotFound, tunnel.Unreachable, tunnel.Refused, tunnel.NoAnswer, tunnel.NotOpenVPN, tunnel.TLSStalled,
		tunnel.ConnectionLost, tunnel.PingTimeout, tunnel.GatewayGone, tunnel.ProxyUnreachable, tunnel.ProxyRefused, tunnel.NetworkDown:
		return exitUnreachable
	case tunnel.HostFailed:
		if errors.Is(problem.Err, fs.ErrPermission) {
			return exitPermission
		}
		return exitFailed
	case tunnel.TimedOut:
		return exitTimeout
	case tunnel.UserDisconnected:
		return exitCancelled
	default:
		return exitFailed
	}
}

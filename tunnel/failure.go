package tunnel

import (
	"errors"
	"fmt"

	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// problemOf is what the end of a session means to the user.
func problemOf(failure *openvpn.Failure) *Problem {
	problem := newProblem(codeOf(failure), failure)
	problem.Detail = failure.Reason
	if problem.Detail == "" && failure.Err != nil {
		problem.Detail = failure.Err.Error()
	}
	problem.Backoff = failure.Backoff
	problem.Advance = failure.Advance == push.AdvanceServer
	return problem
}

func codeOf(failure *openvpn.Failure) Code {
	var foreign *transport.ProtocolError
	if failure.Stage <= openvpn.StageReset && errors.As(failure.Err, &foreign) {
		return NotOpenVPN // it said something, but not what a gateway says
	}
	switch failure.Code {
	case openvpn.NoAnswer:
		return NoAnswer
	case openvpn.ClosedAfterReset:
		return SecretRefused
	case openvpn.NotOpenVPN:
		return NotOpenVPN
	case openvpn.TLSStalled:
		return TLSStalled
	case openvpn.ClosedDuringTLS:
		return TLSReset
	case openvpn.TLSFailed:
		return TLSFailed
	case openvpn.GatewayRefused:
		return untrustedCode(failure.Err)
	case openvpn.CertificateRefused:
		return CertificateRefused
	case openvpn.CertificateExpired:
		return CertificateExpired
	case openvpn.CertificateMissing:
		return CertificateMissing
	case openvpn.SignerFailed:
		return SignerFailed
	case openvpn.ClosedAfterKeyMaterial, openvpn.NoKeyMaterial:
		return ResetAfterKey
	case openvpn.AuthFailed:
		return AuthFailed
	case openvpn.AuthSessionExpired:
		return AuthSessionExpired
	case openvpn.AuthTemporary:
		return AuthTemporary
	case openvpn.AuthChallenge:
		return AuthQuestion
	case openvpn.CredentialCancelled:
		return CredentialCancelled
	case openvpn.NoPushReply:
		return NoPushReply
	case openvpn.PushRejected:
		return PushRejected
	case openvpn.Unsupported, openvpn.BadKeyMaterial:
		return Unsupported
	case openvpn.ConnectionClosed, openvpn.RenegotiationFailed:
		return ConnectionLost
	case openvpn.PingRestart:
		return PingTimeout
	case openvpn.PingExit:
		return GatewayGone
	case openvpn.GatewayRestart, openvpn.GatewayExit:
		return GatewayRestart
	case openvpn.GatewayHalt:
		return GatewayHalt
	case openvpn.SessionTimeout:
		return SessionTimeout
	case openvpn.Inactive:
		return Inactive
	default:
		return Internal
	}
}

// untrustedCode tells apart why we refused the gateway's certificate.
func untrustedCode(err error) Code {
	var refused *identity.Error
	if !errors.As(err, &refused) {
		return GatewayUntrusted
	}
	switch refused.Code {
	case identity.WrongName:
		return GatewayWrongName
	case identity.Expired, identity.NotYetValid:
		return GatewayExpired
	default:
		return GatewayUntrusted
	}
}

// asProblem finds the problem in an error, or makes one of the given code.
func asProblem(err error, code Code) *Problem {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem
	}
	var failure *openvpn.Failure
	if errors.As(err, &failure) {
		return problemOf(failure)
	}
	return newProblem(code, err)
}

// missingCertificate says what a profile with certificate authentication lacks.
func missingCertificate() *Problem {
	return newProblem(CertificateMissing, fmt.Errorf("the profile's authentication type is certificate"))
}

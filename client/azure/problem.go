package azure

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// Code names a Problem for programs and for catalogues of languages; it does not change between versions.
type Code string

// The problems of an administrator with Azure.
const (
	NoPermission     Code = "azure-permission"      // the role lacks Action on Scope
	SignInNeeded     Code = "azure-sign-in"         // nobody is signed in, or no longer
	SignInRefused    Code = "azure-sign-in-refused" // with the reason as Detail
	Throttled        Code = "azure-throttled"
	Unavailable      Code = "azure-unavailable"
	Unreachable      Code = "azure-unreachable"
	Untrusted        Code = "azure-untrusted"       // the certificate of what answers is no good
	Busy             Code = "azure-busy"            // another change of the same thing is under way
	Locked           Code = "azure-locked"          // by a resource lock
	ByPolicy         Code = "azure-policy"          // Azure Policy refuses
	Failed           Code = "azure-failed"          // with Azure's own words as Detail
	UnknownCloud     Code = "azure-cloud"           // Subject is what was asked for
	NoSubscription   Code = "azure-no-subscription" // Subject is what was asked for; empty: the administrator sees none
	NoGateway        Code = "azure-no-gateway"      // Subject is what was asked for
	SeveralGateways  Code = "azure-several-gateways"
	NoPointToSite    Code = "azure-no-point-to-site"
	NoOpenVPN        Code = "azure-no-openvpn"
	NoAuthentication Code = "azure-no-authentication" // the gateway does not offer the wanted one; Names are those it does
	SeveralWays      Code = "azure-several-authentications"
	NoPackage        Code = "azure-no-package" // none was generated yet
	BadDownload      Code = "azure-download"   // the package could not be downloaded
	BadPackage       Code = "azure-package"    // it is none
	NoSession        Code = "azure-no-session" // Names are the ids that are not there
	NoDetails        Code = "azure-no-details" // Virtual WAN writes sessions to a blob only
	BadBlob          Code = "azure-blob"
	Changed          Code = "azure-changed-meanwhile" // between showing a change and making it
	Untold           Code = "azure-gateway-untold"    // nothing says which gateway a profile, Subject, is of
)

// What is wrong with a wanted change; Subject is the value that it is about, where there is one.
const (
	NoPool             Code = "azure-change-no-pool"
	PoolsOverlap       Code = "azure-change-pools-overlap"
	NoProtocol         Code = "azure-change-no-protocol"
	NoWayIn            Code = "azure-change-no-authentication"
	EntraNeedsOpenVPN  Code = "azure-change-entra-openvpn"
	NoEntra            Code = "azure-change-no-entra"
	NoRADIUS           Code = "azure-change-no-radius"
	NoRADIUSSecret     Code = "azure-change-no-radius-secret"
	NoRoot             Code = "azure-change-no-root"
	NotARoot           Code = "azure-change-not-a-root"
	RootNameTaken      Code = "azure-change-root-name-taken"
	RootNotThere       Code = "azure-change-root-not-there"
	NotRevoked         Code = "azure-change-not-revoked"
	NotAThumbprint     Code = "azure-change-not-a-thumbprint"
	OnlyVirtualNetwork Code = "azure-change-virtual-network-only"
	OnlyVirtualWAN     Code = "azure-change-virtual-wan-only"
	BasicSKU           Code = "azure-change-basic-sku"
	NotSetUp           Code = "azure-change-not-set-up" // p2s enable comes first
	SetUpAlready       Code = "azure-change-set-up-already"
)

// Problem is why Azure did not do what it was asked for. It holds no secret.
type Problem struct {
	Code    Code
	Subject string   // what it is about
	Action  string   // of NoPermission, "Microsoft.Network/virtualNetworkGateways/read"
	Scope   string   // of NoPermission, a resource id
	Names   []string // to choose from
	Detail  string   // in Azure's own words
	Request string   // x-ms-request-id or correlation id, by which Microsoft's support finds it
	Err     error
}

// Error implements error, for logs.
func (p *Problem) Error() string {
	words := []string{string(p.Code)}
	for _, word := range []string{p.Subject, p.Action, p.Scope, strings.Join(p.Names, ", "), p.Detail, p.Request} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, ": ")
}

// Unwrap returns the error behind it.
func (p *Problem) Unwrap() error { return p.Err }

// problemOf finds out what an error of the SDK means. subject is what was asked about.
func problemOf(err error, subject string) error {
	var (
		known    *Problem
		person   *entra.Problem
		refused  *azcore.ResponseError
		signIn   *azidentity.AuthenticationFailedError
		required *azidentity.AuthenticationRequiredError
		network  net.Error
		lookup   *net.DNSError
		root     x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.As(err, &person):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused):
		return refusal(refused, subject)
	case errors.As(err, &required), errors.As(err, &signIn):
		return &Problem{Code: SignInRefused, Detail: firstLine(err.Error()), Err: err}
	case errors.As(err, &root), errors.As(err, &name), errors.As(err, &invalid):
		return &Problem{Code: Untrusted, Subject: subject, Detail: err.Error(), Err: err}
	case errors.As(err, &lookup), errors.As(err, &network):
		return &Problem{Code: Unreachable, Subject: subject, Detail: err.Error(), Err: err}
	default:
		return err
	}
}

// lacking is the message of AuthorizationFailed and LinkedAuthorizationFailed
// (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
var lacking = regexp.MustCompile(`perform action '([^']+)'.*?(?:over|on) (?:the )?(?:linked )?scope(?:\(s\))? '([^']+)'`)

// refusal tells the answers of Azure Resource Manager apart.
func refusal(refused *azcore.ResponseError, subject string) *Problem {
	p := &Problem{Code: Failed, Subject: subject, Detail: message(refused), Err: refused}
	if response := refused.RawResponse; response != nil {
		p.Request = response.Header.Get("x-ms-correlation-request-id")
		if p.Request == "" {
			p.Request = response.Header.Get("x-ms-request-id")
		}
	}
	switch {
	case refused.StatusCode == http.StatusUnauthorized:
		p.Code = SignInNeeded
	case refused.ErrorCode == "RequestDisallowedByPolicy":
		p.Code = ByPolicy
	case refused.ErrorCode == "ScopeLocked":
		p.Code = Locked
	case refused.StatusCode == http.StatusForbidden:
		p.Code = NoPermission
		if found := lacking.FindStringSubmatch(p.Detail); found != nil {
			p.Action, p.Scope = found[1], found[2]
		}
	case refused.StatusCode == http.StatusTooManyRequests:
		p.Code = Throttled
	case refused.StatusCode == http.StatusNotFound && strings.HasSuffix(refused.ErrorCode, "NotFound"):
		p.Code = NoGateway
	case refused.StatusCode == http.StatusConflict, refused.ErrorCode == "AnotherOperationInProgress", refused.ErrorCode == "RetryableError":
		p.Code = Busy
	case refused.StatusCode >= http.StatusInternalServerError:
		p.Code = Unavailable
	}
	return p
}

// message is what Azure says for people, without the request around it.
func message(refused *azcore.ResponseError) string {
	text := refused.Error()
	if start := strings.Index(text, "{"); start >= 0 {
		var body struct {
			Error struct {
				Message string `json:"message"`
				Details []struct {
					Message string `json:"message"`
				} `json:"details"`
			} `json:"error"`
		}
		if err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&body); err == nil && body.Error.Message != "" {
			words := body.Error.Message
			for _, detail := range body.Error.Details {
				if detail.Message != "" && !strings.Contains(words, detail.Message) {
					words += " " + detail.Message
				}
			}
			return words
		}
	}
	return refused.ErrorCode
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

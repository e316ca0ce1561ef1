package entra

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// refusal is one of Entra's errors (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
type refusal struct {
	code     int    // AADSTS number
	oauth    string // error, RFC 6749 section 5.2 and RFC 8628 section 3.5
	suberror string
	claims   string // what the next sign-in must bring
	message  string
	status   int // HTTP; 0: 400
}

func (r *refusal) Error() string { return fmt.Sprintf("AADSTS%d: %s", r.code, r.message) }

// suberrors: what helps (https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/msal-error-handling).
const (
	basicAction = "basic_action" // a dialogue
	messageOnly = "message_only" // nothing that the user could do now
	badToken    = "bad_token"    // signing in again
)

// refusals are the errors that can be chosen by their number. Any other number gets invalid_grant and a text that says no more than the number.
func refusals() map[int]refusal {
	all := map[int]refusal{}
	for _, r := range []refusal{
		{code: 50011, oauth: "invalid_request", message: "The redirect URI specified in the request does not match the redirect URIs configured for the application. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal."},
		{code: 50034, oauth: "invalid_grant", message: "The user account does not exist in the directory. To sign into this application, the account must be added to the directory."},
		{code: 50053, oauth: "invalid_grant", message: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."},
		{code: 50055, oauth: "invalid_grant", suberror: "user_password_expired", message: "The password is expired."},
		{code: 50057, oauth: "invalid_grant", message: "The user account is disabled."},
		{code: 50058, oauth: "login_required", message: "A silent sign-in request was sent but no user is signed in."},
		{code: 50059, oauth: "invalid_request", message: "No tenant-identifying information found in either the request or implied by any provided credentials."},
		{code: 50074, oauth: "interaction_required", suberror: basicAction, message: "Strong Authentication is required."},
		{code: 50076, oauth: "interaction_required", suberror: basicAction, message: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource."},
		{code: 50078, oauth: "interaction_required", suberror: basicAction, message: "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access the resource."},
		{code: 50079, oauth: "interaction_required", suberror: basicAction, message: "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource."},
		{code: 50105, oauth: "invalid_grant", suberror: messageOnly, message: "Your administrator has configured the application Azure VPN to block users unless they are specifically granted ('assigned') access to the application. The signed in user is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator."},
		{code: 50126, oauth: "invalid_grant", message: "Error validating credentials due to invalid username or password."},
		{code: 50158, oauth: "interaction_required", suberror: basicAction, message: "External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges."},
		{code: 50173, oauth: "invalid_grant", suberror: badToken, message: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."},
		{code: 53000, oauth: "invalid_grant", suberror: messageOnly, message: "Device is not in required device state: unknown. Conditional Access policy requires a compliant device, and the device is not compliant."},
		{code: 53001, oauth: "invalid_grant", suberror: messageOnly, message: "Device is not in required device state: unknown. Conditional Access policy requires a domain joined device, and the device is not domain joined."},
		{code: 53003, oauth: "invalid_grant", suberror: messageOnly, message: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
		{code: 65001, oauth: "invalid_grant", suberror: "consent_required", message: "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."},
		{code: 65004, oauth: "access_denied", message: "User declined to consent to access the app."},
		{code: 70000, oauth: "invalid_grant", message: "Provided grant is invalid or malformed."},
		{code: 70002, oauth: "invalid_client", message: "The request is missing a required client authentication parameter or holds a wrong one.", status: http.StatusUnauthorized},
		{code: 70008, oauth: "invalid_grant", suberror: badToken, message: "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."},
		{code: 70011, oauth: "invalid_scope", message: "The provided request must include a valid 'scope' input parameter."},
		{code: 70016, oauth: "authorization_pending", message: "OAuth 2.0 device flow error. Authorization is pending. Continue polling."},
		{code: 70018, oauth: "bad_verification_code", message: "Invalid verification code due to user typing in wrong user code for device code flow."},
		{code: 70019, oauth: "expired_token", message: "Verification code expired. Have the user retry the sign-in."},
		{code: 70020, oauth: "expired_token", message: "The provided value for the input parameter 'device_code' is not valid. This device code has expired."},
		{code: 70043, oauth: "invalid_grant", suberror: badToken, message: "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access."},
		{code: 90002, oauth: "invalid_request", message: "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."},
		{code: 90009, oauth: "invalid_request", message: "Application is requesting a token for itself. This scenario is supported only if resource is specified using the GUID based App Identifier."},
		{code: 90014, oauth: "invalid_request", message: "The required field is missing from the credential. Ensure that you have all the necessary parameters for the request."},
		{code: 90033, oauth: "temporarily_unavailable", message: "A transient error has occurred. Please try again.", status: http.StatusServiceUnavailable},
		{code: 500011, oauth: "invalid_resource", message: "The resource principal was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."},
		{code: 501481, oauth: "invalid_grant", message: "The Code_Verifier does not match the code_challenge supplied in the authorization request."},
		{code: 650054, oauth: "invalid_resource", message: "The application asked for permissions to access a resource that has been removed or is no longer available."},
		{code: 650057, oauth: "invalid_resource", message: "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration."},
		{code: 700016, oauth: "unauthorized_client", message: "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."},
		{code: 700082, oauth: "invalid_grant", suberror: badToken, message: "The refresh token has expired due to inactivity."},
		{code: 900383, oauth: "invalid_request", message: "The application is from another cloud and cannot be used here."},
	} {
		all[r.code] = r
	}
	return all
}

// refuse makes the refusal with a number.
func refuse(code int) *refusal {
	if known, ok := refusals()[code]; ok {
		return &known
	}
	return &refusal{code: code, oauth: "invalid_grant", message: "The request was refused."}
}

// challengeClaims is what a sign-in must bring when conditional access asks for it.
const challengeClaims = `{"access_token":{"capolids":{"essential":true,"values":["5a7e2f0c-5b0e-4f0e-9a39-2f2f1c9ac001"]}}}`

// challenged is the refusal of a token for a sign-in that did not meet conditional access.
func challenged() *refusal {
	r := refuse(50076)
	r.claims = challengeClaims
	return r
}

// byOAuthError says what Entra would call an error of the OAuth library.
func byOAuthError(name string) *refusal {
	codes := map[string]int{
		"invalid_grant": 70000, "invalid_client": 70002, "unauthorized_client": 700016, "invalid_scope": 70011,
		"access_denied": 65004, "expired_token": 70020, "authorization_pending": 70016, "login_required": 50058, "server_error": 90033,
	}
	if code, known := codes[name]; known {
		return refuse(code)
	}
	return refuse(90014)
}

// errorAnswer is a refusal in the JSON of Entra's token endpoint
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-response-for-token-request).
type errorAnswer struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri,omitempty"`
	Suberror      string `json:"suberror,omitempty"`
	Claims        string `json:"claims,omitempty"`
}

// answer words a refusal with the numbers a helpdesk asks for.
func (r *refusal) answer(correlation string, now time.Time) errorAnswer {
	trace, timestamp := uuid.NewString(), now.UTC().Format("2006-01-02 15:04:05Z")
	return errorAnswer{
		Error:       r.oauth,
		Description: fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", r.Error(), trace, correlation, timestamp),
		Codes:       []int{r.code}, Timestamp: timestamp, TraceID: trace, CorrelationID: correlation,
		URI: fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", r.code), Suberror: r.suberror, Claims: r.claims,
	}
}

func (r *refusal) httpStatus() int {
	if r.status != 0 {
		return r.status
	}
	return http.StatusBadRequest
}

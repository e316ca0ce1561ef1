package entra

// Code names a Problem for programs and for catalogues of languages; it does not change between versions.
type Code string

// The problems of signing in with Entra ID.
const (
	// Before anybody is asked.
	CodeNoTenant         Code = "no-tenant"
	CodeNoAudience       Code = "no-audience"
	CodeForeignAuthority Code = "foreign-authority"
	CodeBadClaims        Code = "bad-claims"

	// The user has to sign in.
	CodeSignInNeeded    Code = "sign-in-needed"
	CodeSeveralAccounts Code = "several-accounts"
	CodeExpired         Code = "sign-in-expired"
	CodeRevoked         Code = "sign-in-revoked"
	CodePasswordChanged Code = "password-changed"
	CodeMFA             Code = "mfa-needed"
	CodeMFASetUp        Code = "mfa-set-up-needed"
	CodeInteraction     Code = "interaction-needed"
	CodeFrequency       Code = "sign-in-frequency"

	// The user did not.
	CodeDeclined    Code = "declined"
	CodeCancelled   Code = "cancelled"
	CodeTimedOut    Code = "timed-out"
	CodeCodeExpired Code = "device-code-expired"
	CodeCodeUnknown Code = "device-code-unknown"

	// The account.
	CodeWrongPassword   Code = "wrong-password"
	CodePasswordExpired Code = "password-expired"
	CodeLocked          Code = "account-locked"
	CodeDisabled        Code = "account-disabled"
	CodeNoSuchUser      Code = "no-such-user"
	CodeWrongTenantUser Code = "user-of-another-tenant"
	CodeNotAssigned     Code = "not-assigned"

	// The tenant's policy.
	CodeConditionalAccess Code = "conditional-access"
	CodeDeviceCompliance  Code = "device-not-compliant"
	CodeDeviceUnknown     Code = "device-not-registered"
	CodeConsent           Code = "consent-missing"
	CodeAdminConsent      Code = "admin-consent-missing"

	// The tenant's set-up.
	CodeAppNotFound      Code = "application-not-found"
	CodeAppDisabled      Code = "application-disabled"
	CodeResourceNotFound Code = "resource-not-found"
	CodeWrongResource    Code = "resource-not-listed"
	CodePermission       Code = "permission-not-available"
	CodeRedirect         Code = "redirect-not-registered"
	CodeNotPublic        Code = "application-not-public"
	CodeTenantNotFound   Code = "tenant-not-found"
	CodeWrongCloud       Code = "wrong-cloud"
	CodeScope            Code = "scope-refused"
	CodeRefused          Code = "refused"

	// The way to Entra.
	CodeUnavailable   Code = "unavailable"
	CodeThrottled     Code = "too-many-requests"
	CodeUnreachable   Code = "unreachable"
	CodeNoAnswer      Code = "no-answer"
	CodeProxySignIn   Code = "proxy-sign-in"
	CodeProxyFailed   Code = "proxy-failed"
	CodeCaptivePortal Code = "captive-portal"
	CodeUntrusted     Code = "untrusted-certificate"
	CodeClock         Code = "clock-wrong"
	CodeBadAnswer     Code = "bad-answer"

	// This computer.
	CodeNoListener Code = "no-listener"
	CodeInternal   Code = "internal"
)

// CodeOfNumber is the problem behind an error number of Entra's, 53003 of AADSTS53003; empty for numbers that say no more than that the sign-in
// was refused.
func CodeOfNumber(number int) Code { return codeOfNumber(number) }

// codeOfNumber is the problem behind an error number of Entra's, as far as users of a VPN meet it; empty for others.
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes)
func codeOfNumber(number int) Code {
	switch number {
	case 50058, 16000, 16001, 16002:
		return CodeSignInNeeded
	case 70000, 70008, 700082, 700081, 700084, 50089:
		return CodeExpired
	case 50173:
		return CodeRevoked
	case 50132, 50133:
		return CodePasswordChanged
	case 50074, 50076, 500121:
		return CodeMFA
	case 50072, 50079, 50125, 50203, 53004:
		return CodeMFASetUp
	case 50078, 50085, 50158, 50199, 700020, 51006:
		return CodeInteraction
	case 70043, 70044:
		return CodeFrequency
	case 65004:
		return CodeDeclined
	case 70019, 70020:
		return CodeCodeExpired
	case 70018, 90119:
		return CodeCodeUnknown
	case 50126, 50056, 50064:
		return CodeWrongPassword
	case 50055, 50144, 50135, 50142:
		return CodePasswordExpired
	case 50053:
		return CodeLocked
	case 50057:
		return CodeDisabled
	case 50034, 51004:
		return CodeNoSuchUser
	case 50020, 50177, 50178, 90072, 16003:
		return CodeWrongTenantUser
	case 50105:
		return CodeNotAssigned
	case 53003, 53002, 53009, 53010, 53011, 530032, 530034, 530035, 50131, 50005:
		return CodeConditionalAccess
	case 53000:
		return CodeDeviceCompliance
	case 53001, 530003, 50097, 50127, 50129, 50155, 50187, 700003:
		return CodeDeviceUnknown
	case 65001:
		return CodeConsent
	case 90094, 90095, 900941, 90008:
		return CodeAdminConsent
	default:
		return setUpCodeOfNumber(number)
	}
}

// setUpCodeOfNumber is codeOfNumber for what an administrator, or time, has to mend.
func setUpCodeOfNumber(number int) Code {
	switch number {
	case 700016, 50001:
		return CodeAppNotFound
	case 70001, 7000112:
		return CodeAppDisabled
	case 500011, 650052:
		return CodeResourceNotFound
	case 650057, 65005, 65002:
		return CodeWrongResource
	case 650054, 650053, 650056:
		return CodePermission
	case 50011, 70004, 500113, 9002326:
		return CodeRedirect
	case 7000218, 70002, 7000215:
		return CodeNotPublic
	case 50059, 90002, 90019, 900023, 50128:
		return CodeTenantNotFound
	case 900383, 900382, 90038, 90051:
		return CodeWrongCloud
	case 70011, 28002, 28003, 90009:
		return CodeScope
	case 50033, 50087, 90006, 90012, 90024, 90025, 90033, 90090, 90091, 80002, 80005:
		return CodeUnavailable
	case 50196, 90055:
		return CodeThrottled
	default:
		return ""
	}
}

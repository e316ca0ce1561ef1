package diagnosis

// The findings about who the user is to the gateway.
const (
	CredentialOK       ID = "credential-ok"
	CredentialPassword ID = "credential-password"

	CertificateMissing  ID = "certificate-missing"
	CertificateUnusable ID = "certificate-unusable"
	CertificateMismatch ID = "certificate-key-mismatch"
	CertificateUsage    ID = "certificate-not-for-clients"
	CertificateExpired  ID = "certificate-expired"
	CertificateNotYet   ID = "certificate-not-yet-valid"
	CertificateEndsSoon ID = "certificate-ends-soon"
	CertificateOther    ID = "certificate-not-the-profiles"
	CertificateIssuer   ID = "certificate-wrong-issuer"

	EntraNoTenant        ID = "entra-no-tenant"
	EntraUnreachable     ID = "entra-unreachable"
	EntraTenantUnknown   ID = "entra-tenant-unknown"
	EntraIssuerSlash     ID = "entra-issuer-slash"
	EntraIssuerTenant    ID = "entra-issuer-of-another-tenant"
	EntraWrongCloud      ID = "entra-wrong-cloud"
	EntraAudienceRetires ID = "entra-audience-retiring"
	EntraSignedOut       ID = "entra-signed-out"
	TokenBroken          ID = "token-broken"
	TokenAudience        ID = "token-wrong-audience"
	TokenIssuer          ID = "token-wrong-issuer"
	TokenExpired         ID = "token-expired"
	TokenNotYet          ID = "token-not-yet-valid"

	SignInOK                ID = "sign-in-ok"
	SignInNotTried          ID = "sign-in-not-tried"
	SignInCancelled         ID = "sign-in-cancelled"
	SignInRevoked           ID = "sign-in-certificate-refused"
	SignInExpired           ID = "sign-in-certificate-expired"
	SignInNoCert            ID = "sign-in-certificate-wanted"
	SignInKey               ID = "sign-in-key-failed"
	SignInReset             ID = "sign-in-connection-closed"
	SignInCertificateClosed ID = "sign-in-certificate-not-accepted"
	SignInRefused           ID = "sign-in-refused"
	SignInAgain             ID = "sign-in-expired"
	SignInTemporary         ID = "sign-in-unavailable"
	SignInQuestion          ID = "sign-in-question"
	SignInFailed            ID = "sign-in-failed"
)

func signInTexts() []Text {
	return []Text{
		{CredentialOK, OK, "", "What you prove who you are with is in order.", ""},
		{CredentialPassword, OK, "", "The gateway wants a user name and password.", ""},

		{CertificateMissing, Failed, User, "This profile needs a client certificate, and none is chosen.", "Choose one: footbridge set PROFILE certificate=FILE key=FILE (or pkcs12=FILE)."},
		{CertificateUnusable, Failed, User, "The client certificate that is chosen cannot be used.", "Choose another, or ask your helpdesk for a new one."},
		{CertificateMismatch, Failed, User, "The private key does not belong to the client certificate.", "Choose the key that was made together with the certificate."},
		{CertificateUsage, Failed, Administrator, "The client certificate is not made for signing in (it has no client authentication among its uses).", "Ask your helpdesk for a client certificate."},
		{CertificateExpired, Failed, Administrator, "Your client certificate has expired.", "Ask your helpdesk for a new certificate."},
		{CertificateNotYet, Failed, User, "Your client certificate is not valid yet.", "Check this computer's date and time; if they are right, wait or ask your helpdesk."},
		{CertificateEndsSoon, Warning, User, "Your client certificate ends within 30 days.", "Ask your helpdesk for a new certificate in time."},
		{CertificateOther, Failed, User, "The client certificate is not the one that the profile names.", "Choose the certificate with the thumbprint that the profile names."},
		{CertificateIssuer, Failed, User, "The client certificate is not from the issuer that the profile names.", "Choose a certificate of that issuer."},

		{EntraNoTenant, Failed, Administrator, "The profile does not say where to sign in, or says it in a way that cannot be used.", "Ask your administrator for a new profile; the tenant is https://login.microsoftonline.com/ and the tenant's id."},
		{EntraUnreachable, Failed, Network, "The Microsoft Entra sign-in cannot be reached.", "Check the Internet connection, and that this network allows https to the sign-in server."},
		{EntraTenantUnknown, Failed, Administrator, "Microsoft Entra does not know the tenant that the profile names.", "Ask your administrator to correct the tenant on the gateway and for a new profile."},
		{EntraIssuerSlash, Warning, Administrator, "The profile's issuer does not end in a slash; the gateway then refuses every sign-in.", "Set the issuer on the gateway to https://sts.windows.net/TENANT-ID/ with the final slash, and hand out the new profile."},
		{EntraIssuerTenant, Warning, Administrator, "The profile's issuer is of another tenant than the one to sign in to.", "Set tenant and issuer on the gateway to the same tenant id, and hand out the new profile."},
		{EntraWrongCloud, Warning, Administrator, "The profile's audience belongs to another Azure cloud than its tenant.", "Set the audience on the gateway to that of its own cloud, and hand out the new profile."},
		{EntraAudienceRetires, Warning, Administrator, "The profile uses an application id that Microsoft is going to retire.", "Change the gateway's audience to c632b3df-fb67-4d84-bdcf-b95ad541b5c8 before that date, and hand out the new profile."},
		{EntraSignedOut, OK, "", "Nobody is signed in yet; you will be asked when you connect.", ""},
		{TokenBroken, Warning, User, "The access token that is there cannot be read.", "Sign in again."},
		{TokenAudience, Failed, Administrator, "The access token is for another application than the gateway wants.", "Sign out and in again; if it stays so, the profile's audience and application id do not fit: ask your administrator."},
		{TokenIssuer, Failed, Administrator, "The access token is from another tenant than the gateway wants.", "Sign in with your account of this tenant; if it is that, the profile's issuer is wrong: ask your administrator."},
		{TokenExpired, Warning, User, "The access token has expired.", "Connect to renew it, or sign in again."},
		{TokenNotYet, Failed, User, "The access token is not valid yet: this computer's clock is probably behind.", "Check this computer's date and time."},

		{SignInOK, OK, "", "The gateway accepts your sign-in.", ""},
		{SignInNotTried, Skipped, "", "Signing in was not tried.", ""},
		{SignInCancelled, Skipped, "", "Signing in was not tried, because there is no password or token.", ""},
		{SignInRevoked, Failed, Administrator, "The gateway refuses your client certificate.", "It may be revoked, or its root may not be on the gateway: ask your administrator for a new certificate."},
		{SignInExpired, Failed, Administrator, "The gateway says that your client certificate has expired.", "Check this computer's date and time, or ask your helpdesk for a new certificate."},
		{SignInNoCert, Failed, User, "The gateway wants a client certificate.", "Choose one: footbridge set PROFILE certificate=FILE key=FILE (or pkcs12=FILE)."},
		{SignInKey, Failed, User, "Your private key could not sign.", "Check that it belongs to the certificate, and that its token is plugged in and unlocked."},
		{SignInReset, Failed, Administrator, "The gateway closes the connection right after the sign-in was sent.", "It does not accept this sign-in: your administrator should compare audience, issuer (with its final slash), tenant and roots on the gateway with the profile."},
		{SignInCertificateClosed, Failed, Administrator, "The gateway closes the connection after it has seen your client certificate.", "It may be revoked, or its root may not be on the gateway: ask your administrator, who can compare it with the gateway's lists."},
		{SignInRefused, Failed, User, "The gateway refuses the sign-in.", "Check the user name and password, and ask your administrator whether you may use this gateway."},
		{SignInAgain, Failed, User, "The sign-in has expired.", "Sign in again."},
		{SignInTemporary, Failed, Administrator, "The gateway cannot check sign-ins just now.", "Try again in a few minutes; if it stays so, tell your administrator that the gateway cannot reach its RADIUS or identity server."},
		{SignInQuestion, Skipped, "", "The gateway asks a further question, which only connecting can answer.", ""},
		{SignInFailed, Failed, Administrator, "Signing in to the gateway fails.", "Give your administrator a report: footbridge report."},
	}
}

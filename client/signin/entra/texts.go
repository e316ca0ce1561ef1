package entra

// Text is what users are told of a problem.
type Text struct {
	Code      Code
	Sentence  string
	Remedy    string
	NeedsUser bool // the user can mend it by signing in
}

// Texts are what users are told, in English, for catalogues of languages.
func Texts() []Text {
	return append(userTexts(), append(tenantTexts(), wayTexts()...)...)
}

func textOf(code Code) Text {
	for _, text := range Texts() {
		if text.Code == code {
			return text
		}
	}
	return Text{Code: code, Sentence: "Signing in did not work.", Remedy: "Try again; if it stays so, show the log to your administrator."}
}

// userTexts are for what the user, or nobody, has to mend.
func userTexts() []Text {
	const needsUser = true
	return []Text{
		{CodeNoTenant, "The profile does not say where to sign in, or says it in a way that cannot be used.", "Ask your administrator for a new profile; the tenant is https://login.microsoftonline.com/ and the tenant's id.", false},
		{CodeNoAudience, "The profile does not say which application to sign in to.", "Ask your administrator for a new profile; the audience is an application id.", false},
		{CodeForeignAuthority, "The profile wants you to sign in at a server that is not Microsoft's.", "Go on only if your administrator told you that this server is right: set it as the connection's sign-in-server. A profile that they installed for everybody needs no confirmation.", false},
		{CodeBadClaims, "What the sign-in should ask for cannot be read.", "Connect again; if it stays so, show the log to your administrator.", false},

		{CodeSignInNeeded, "You are not signed in.", "Sign in to go on.", needsUser},
		{CodeSeveralAccounts, "You are signed in with several accounts, and it is not clear which one to use.", "Sign in with the one for this connection, or set its login hint.", needsUser},
		{CodeExpired, "Your sign-in has expired.", "Sign in again.", needsUser},
		{CodeRevoked, "Your sign-in was ended by your organisation, or your password was changed.", "Sign in again.", needsUser},
		{CodePasswordChanged, "Your password has changed since you signed in.", "Sign in again.", needsUser},
		{CodeMFA, "Your organisation wants a second proof that it is you.", "Sign in again and approve it with your authenticator app, phone or key.", needsUser},
		{CodeMFASetUp, "Your organisation wants you to set up a second way to prove that it is you.", "Sign in in the browser and follow the steps there.", needsUser},
		{CodeInteraction, "Your organisation wants you to sign in again.", "Sign in again.", needsUser},
		{CodeFrequency, "Your organisation wants you to sign in from time to time, and that time has come.", "Sign in again. For fewer interruptions an administrator can set the sign-in frequency to more than two hours.", needsUser},

		{CodeDeclined, "The sign-in was declined.", "Sign in again and accept, if you want to connect.", needsUser},
		{CodeCancelled, "The sign-in was cancelled.", "Connect again to sign in.", false},
		{CodeTimedOut, "The sign-in was not finished in time.", "Look at the browser: it may show why. Then connect again.", false},
		{CodeCodeExpired, "The code was not used in time.", "Start again and type the new code within its time.", needsUser},
		{CodeCodeUnknown, "The code is not known any more.", "Start again and type the new code.", needsUser},

		{CodeWrongPassword, "The user name or the password is wrong.", "Sign in again; if you forgot your password, reset it.", needsUser},
		{CodePasswordExpired, "Your password has expired.", "Sign in in the browser and choose a new one.", needsUser},
		{CodeLocked, "Your account is locked for a while after too many wrong passwords, or the sign-in came from a suspicious address.", "Wait some minutes and try again, or ask your helpdesk.", false},
		{CodeDisabled, "Your account is disabled.", "Ask your helpdesk to enable it.", false},
		{CodeNoSuchUser, "Your organisation does not know this account.", "Sign in with your account of the organisation that owns the gateway.", needsUser},
		{CodeWrongTenantUser, "This account belongs to another organisation and is not a guest of the one that owns the gateway.", "Sign in with another account, or ask an administrator of the organisation to invite yours as a guest.", needsUser},
		{CodeNotAssigned, "You are not allowed to use this VPN: nobody assigned you to its application.", "Ask your administrator to add you, or a group of yours, to the enterprise application's users.", false},
		{CodeNoListener, "The browser could not return to Footbridge: no port of this computer is free for it.", "Sign in with a code on another screen instead (--device-code).", false},
		{CodeInternal, "Signing in did not work.", "Try again; if it stays so, show the log to your administrator.", false},
	}
}

// tenantTexts are for what an administrator of the tenant has to mend.
func tenantTexts() []Text {
	const needsUser = true
	return []Text{
		{CodeConditionalAccess, "Your organisation's conditional access does not allow this sign-in.", "If you used a device code, sign in with the browser instead: its page says what is missing. Otherwise give your administrator the correlation id: they find the policy in the sign-in log.", false},
		{CodeDeviceCompliance, "Your organisation allows only devices that meet its rules, and does not know this one as such.", "Sign in with the system's browser, not with a device code, so that it can vouch for the device; otherwise ask your administrator.", false},
		{CodeDeviceUnknown, "Your organisation allows only devices that are registered with it.", "Register this device, and sign in with a browser that knows the registration; otherwise ask your administrator.", false},
		{CodeConsent, "Nobody has consented that the VPN application may be used.", "Sign in and accept; where that is not offered, ask an administrator to grant admin consent to the VPN application.", needsUser},
		{CodeAdminConsent, "An administrator has to consent that the VPN application may be used.", "Ask an administrator to grant admin consent to the VPN application in your organisation.", false},

		{CodeAppNotFound, "Your organisation does not have the application that the profile names.", "Ask your administrator to compare tenant and audience on the gateway, and to add the enterprise application where it is missing.", false},
		{CodeAppDisabled, "The application that the profile names is disabled in your organisation.", "Ask your administrator to enable it among the enterprise applications.", false},
		{CodeResourceNotFound, "Your organisation does not have the application that the gateway wants tokens for.", "Ask your administrator to compare the gateway's audience with the organisation's enterprise applications, and to consent to it.", false},
		{CodeWrongResource, "The application to sign in with may not get tokens for the gateway's audience.", "An administrator can allow it: az ad sp create --id c632b3df-fb67-4d84-bdcf-b95ad541b5c8; az ad app permission grant --id c632b3df-fb67-4d84-bdcf-b95ad541b5c8 --api AUDIENCE --scope user_impersonation. Or they move the gateway to the audience c632b3df-fb67-4d84-bdcf-b95ad541b5c8.", false},
		{CodePermission, "The application asks for a permission that is not available.", "Try again in a minute; if it stays so, an administrator has to look at the permissions of the VPN application.", false},
		{CodeRedirect, "The application to sign in with does not know the address that the browser should return to.", "Close what uses port 2023 of this computer and try again, or sign in with a device code. For a custom application an administrator adds http://localhost under mobile and desktop applications.", false},
		{CodeNotPublic, "The application to sign in with does not allow programs on users' computers.", "An administrator has to allow public client flows for it.", false},
		{CodeTenantNotFound, "There is no such organisation (tenant).", "Ask your administrator to correct the tenant on the gateway and for a new profile.", false},
		{CodeWrongCloud, "The application that the profile names belongs to another Azure cloud than its tenant.", "Ask your administrator to set the audience on the gateway to that of its own cloud, and for a new profile.", false},
		{CodeScope, "The gateway's audience is not accepted.", "Ask your administrator to correct the audience on the gateway and for a new profile.", false},
		{CodeRefused, "Microsoft Entra refused the sign-in.", "Give your administrator the number and the correlation id: they find it in the sign-in log.", false},
	}
}

// wayTexts are for what is between this computer and the tenant.
func wayTexts() []Text {
	return []Text{
		{CodeUnavailable, "Microsoft Entra cannot answer just now.", "It will be tried again; if it stays so for long, look at https://azure.status.microsoft.", false},
		{CodeThrottled, "Microsoft Entra was asked too often and wants to be left alone for a while.", "Wait some minutes.", false},
		{CodeUnreachable, "Microsoft Entra cannot be reached.", "Check the Internet connection, and that this network allows https to the sign-in server.", false},
		{CodeNoAnswer, "Microsoft Entra did not answer in time.", "Check the Internet connection and try again.", false},
		{CodeProxySignIn, "The proxy on the way to Microsoft Entra wants a user name and password.", "Set them in HTTPS_PROXY, as http://user:password@host:port.", false},
		{CodeProxyFailed, "The proxy on the way to Microsoft Entra does not let the sign-in through, or cannot be reached.", "Check HTTPS_PROXY, and that the proxy allows https to the sign-in server.", false},
		{CodeCaptivePortal, "Something else than Microsoft Entra answered, most likely the sign-in page of the network that you are in.", "Open any web page in the browser and sign in to the network first.", false},
		{CodeUntrusted, "What answered could not prove that it is Microsoft Entra.", "On a guest network, sign in to the network first. If your organisation inspects https, its root certificate has to be installed on this computer.", false},
		{CodeClock, "This computer's date and time seem to be wrong: the sign-in server's certificate does not fit them.", "Set the date and time, then try again.", false},
		{CodeBadAnswer, "Microsoft Entra's answer could not be read.", "Try again; if it stays so, something on the way changes it: show the log to your administrator.", false},
	}
}

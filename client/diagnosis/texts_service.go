package diagnosis

// The findings about the service on this computer.
const (
	ServiceOK         ID = "service-ok"
	ServiceNotAsked   ID = "service-not-asked"
	ServiceNotRunning ID = "service-not-running"
	ServiceNoAccess   ID = "service-no-access"
	ServiceSilent     ID = "service-silent"
	ServiceBroken     ID = "service-broken"
	ServiceVersion    ID = "service-version"
	SettingsWrong     ID = "settings-wrong"

	PermissionOK      ID = "permission-ok"
	PermissionDenied  ID = "permission-denied"
	PermissionUnknown ID = "permission-unknown"

	PolicyOK          ID = "policy-ok"
	PolicyUnreadable  ID = "policy-unreadable"
	PolicyMachineOnly ID = "policy-machine-only"
	PolicyUnknown     ID = "policy-unknown"
)

func serviceTexts() []Text {
	return []Text{
		{ServiceOK, OK, "", "The Footbridge service runs.", ""},
		{ServiceNotAsked, Skipped, "", "The Footbridge service was not asked.", ""},
		{ServiceNotRunning, Failed, Administrator, "The Footbridge service is not running.", "Start it: sudo systemctl start footbridged."},
		{ServiceNoAccess, Failed, Administrator, "You have no access to the Footbridge service.", "Ask an administrator of this computer to let you use it."},
		{ServiceSilent, Failed, Administrator, "The Footbridge service does not answer.", "Restart it: sudo systemctl restart footbridged."},
		{ServiceBroken, Failed, Administrator, "The Footbridge service answers something that cannot be understood.", "Install the same version of the program and the service, and restart the service."},
		{ServiceVersion, Warning, Administrator, "The program and the Footbridge service are of different versions.", "Restart the service after an update: sudo systemctl restart footbridged."},
		{SettingsWrong, Warning, User, "The settings of this profile cannot be used together with it.", "Look at them with: footbridge show PROFILE."},

		{PermissionOK, OK, "", "You may connect on this computer.", ""},
		{PermissionDenied, Failed, Administrator, "You may not connect and disconnect on this computer.", "Log in on this computer itself, or ask its administrator to add you to the group that may."},
		{PermissionUnknown, Skipped, "", "Whether you may connect is not known without the service.", ""},

		{PolicyOK, OK, "", "The administrator's policy allows this connection.", ""},
		{PolicyUnreadable, Failed, Administrator, "The administrator's policy cannot be read, so nobody may connect.", "Ask the administrator of this computer to mend the policy file."},
		{PolicyMachineOnly, Failed, Administrator, "The administrator allows only profiles that were installed for this computer.", "Use one of the installed profiles, or ask the administrator to install this one."},
		{PolicyUnknown, Skipped, "", "The administrator's policy is not known.", ""},
	}
}

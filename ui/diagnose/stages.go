package diagnose

import "github.com/footbridge-vpn/footbridge/client/diagnosis"

// named is a stage and the key of what it is called.
type named struct {
	id  diagnosis.Stage
	key string
}

// stages are all stages in the order of the way.
func stages() []named {
	return []named{
		{diagnosis.StageService, "ui.diagnose.stage.service"},
		{diagnosis.StagePermission, "ui.diagnose.stage.permission"},
		{diagnosis.StagePolicy, "ui.diagnose.stage.policy"},
		{diagnosis.StageNetwork, "ui.diagnose.stage.network"},
		{diagnosis.StageInternet, "ui.diagnose.stage.internet"},
		{diagnosis.StagePortal, "ui.diagnose.stage.portal"},
		{diagnosis.StageClock, "ui.diagnose.stage.clock"},
		{diagnosis.StageProxy, "ui.diagnose.stage.proxy"},
		{diagnosis.StageNames, "ui.diagnose.stage.names"},
		{diagnosis.StageReach, "ui.diagnose.stage.reach"},
		{diagnosis.StageOpenVPN, "ui.diagnose.stage.openvpn"},
		{diagnosis.StageSecret, "ui.diagnose.stage.secret"},
		{diagnosis.StageTLS, "ui.diagnose.stage.tls"},
		{diagnosis.StageGateway, "ui.diagnose.stage.gateway"},
		{diagnosis.StageCredential, "ui.diagnose.stage.credential"},
		{diagnosis.StageSignIn, "ui.diagnose.stage.sign-in"},
		{diagnosis.StagePush, "ui.diagnose.stage.push"},
		{diagnosis.StageRoutes, "ui.diagnose.stage.routes"},
		{diagnosis.StageDNS, "ui.diagnose.stage.tunnel-dns"},
		{diagnosis.StageHost, "ui.diagnose.stage.host"},
	}
}

// place is where a stage is on the way; -1: nowhere.
func place(id diagnosis.Stage) int {
	for i, stage := range stages() {
		if stage.id == id {
			return i
		}
	}
	return -1
}

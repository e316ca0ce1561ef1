package diagnosis

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// facts are what the steps have learned so far.
type facts struct {
	settingsErr error
	snapshot    *api.Snapshot
	session     *api.Session // of the profile
	computer    *Computer
	web         *webAnswer      // of the Internet's probe; nil: there was none
	proxy       *profiles.Proxy // that the connection uses
	gateways    []gatewayHost
	probed      *tunnel.Probed
	plan        *plan
}

// gatewayHost is one of the profile's servers with what is known of it.
type gatewayHost struct {
	server    profiles.Server
	addresses []netip.Addr
	reached   netip.AddrPort // that took a connection; zero: none did
}

// plan is what the tunnel has, or would have, on this computer.
type plan struct {
	live        bool   // it is connected
	device      string // with live
	addresses   []netip.Prefix
	routes      []netip.Prefix
	excluded    []netip.Prefix
	nameServers []netip.Addr
	suffixes    []string
}

// connected is the profile's session where it is up.
func (f facts) connected() *tunnel.Session {
	if f.session == nil || f.session.State != tunnel.Connected {
		return nil
	}
	return f.session.Connection
}

// server names what was talked to.
func (f facts) server() string {
	if connection := f.connected(); connection != nil {
		return connection.Server
	}
	if f.probed != nil {
		return f.probed.Server.Host
	}
	for _, g := range f.gateways {
		return g.server.Host
	}
	return ""
}

// steps are all steps in the order of the way. In a black hole the longest chain of them, names, reach and gateway, takes 17 seconds.
func steps() []step {
	const quick, asked = 2 * time.Second, 4 * time.Second
	s := func(stages ...Stage) []Stage { return stages }
	return []step{
		{StageService, asked, nil, nil, checkService},
		{StagePermission, quick, s(StageService), nil, checkPermission},
		{StagePolicy, asked, s(StageService), nil, checkPolicy},
		{StageNetwork, quick, nil, nil, checkNetwork},
		{StageInternet, asked, nil, s(StageNetwork), checkInternet},
		{StagePortal, quick, nil, s(StageInternet), checkPortal},
		{StageClock, asked + time.Second, s(StagePortal), nil, checkClock},
		{StageProxy, 5 * time.Second, s(StageService), s(StageNetwork), checkProxy},
		{StageNames, asked, s(StageProxy), s(StageNetwork), checkNames},
		{StageReach, asked, nil, s(StageNames), checkReach},
		{StageOpenVPN, 9 * time.Second, s(StageService), s(StageReach, StageProxy), checkOpenVPN},
		{StageSecret, quick, nil, s(StageOpenVPN), checkSecret},
		{StageTLS, quick, nil, s(StageSecret), checkTLS},
		{StageGateway, quick, nil, s(StageTLS), checkGateway},
		{StageCredential, asked, nil, s(StageNetwork), checkCredential},
		{StageSignIn, quick, nil, s(StageGateway, StageCredential), checkSignIn},
		{StagePush, quick, nil, s(StageSignIn), checkPush},
		{StageRoutes, quick, s(StagePush, StageNetwork), nil, checkRoutes},
		{StageDNS, asked, s(StageRoutes), nil, checkTunnelDNS},
		{StageHost, asked, s(StageDNS), nil, checkHost},
	}
}

// summarise finds the first cause.
func summarise(checks []Check) Check {
	first := func(verdict Verdict) (Check, bool) {
		for _, check := range checks {
			if check.Verdict == verdict {
				return check, true
			}
		}
		return Check{}, false
	}
	if failed, found := first(Failed); found {
		return earlierCause(failed, checks)
	}
	if warning, found := first(Warning); found {
		return warning
	}
	return say(AllWell)
}

// earlierCause is the warning that a failure on the way to the gateway follows from, or the failure itself: a network without the
// Internet is a fault only where the gateway cannot be reached in it.
func earlierCause(failed Check, checks []Check) Check {
	var causes []ID
	switch {
	case failed.ID == NamesNotFound: // of a name server that knows no other name either this says nothing
		causes = []ID{InternetUnresolved}
	case failed.ID == NamesNoAnswer, failed.Stage == StageReach:
		causes = []ID{NetworkNoDefault, ProxyNotUsed, InternetUnreachable, InternetUnresolved}
	}
	for _, id := range causes {
		for _, check := range checks {
			if check.ID == id {
				check.Verdict = Failed
				check.Detail = fmt.Sprintf("%s; hence: %s", check.Detail, failed.ID)
				return check
			}
		}
	}
	return failed
}

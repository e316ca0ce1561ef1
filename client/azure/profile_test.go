package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
)

func TestProfile(t *testing.T) {
	w := newWorld(t)
	w.Polls(3)
	w.FailDownloads(1)
	var mu sync.Mutex
	said := map[Operation]bool{}
	w.Client.progress = func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		said[p.Operation] = p.Subject != ""
	}
	for name, test := range map[string]struct {
		gateway        string
		authentication Authentication
		global         bool
		host           string
		kind           profiles.AuthenticationType
	}{
		"certificate":   {"contoso", CertificateAuthentication, false, "azuregateway-", profiles.Certificate},
		"entra":         {"contoso", EntraAuthentication, false, "azuregateway-", profiles.EntraID},
		"radius":        {"contoso", RADIUSAuthentication, false, "azuregateway-", profiles.UsernamePassword},
		"wan hub":       {"west", EntraAuthentication, false, "azuregateway-", profiles.EntraID},
		"wan global":    {"west", EntraAuthentication, true, "wan.", profiles.EntraID},
		"wan radius":    {"west", RADIUSAuthentication, true, "wan.", profiles.UsernamePassword},
		"network reuse": {"contoso", CertificateAuthentication, false, "azuregateway-", profiles.Certificate},
	} {
		found, err := w.Profile(w.ctx, ProfileRequest{Gateway: w.find(test.gateway), Authentication: test.authentication, Global: test.global})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found.Profile.Authentication.Type != test.kind || !strings.HasPrefix(found.Profile.Servers[0].Host, test.host) || found.Authentication != test.authentication || len(found.Data) == 0 {
			t.Errorf("%s: %s %v", name, found.Profile.Authentication.Type, found.Profile.Servers)
		}
	}
	if !said[Generating] || !said[Downloading] {
		t.Errorf("progress: %v", said)
	}
	// The package's address is enough, and storage that got a token besides would refuse.
	downloads := 0
	for _, r := range w.Requests() {
		if strings.HasPrefix(r.Path, "/packages/") {
			downloads++
			if r.Token {
				t.Error("the administrator's token went to the storage")
			}
		}
	}
	if downloads != 8 { // one of them was refused
		t.Errorf("%d downloads", downloads)
	}
}

func TestProfileAgain(t *testing.T) {
	w := newWorld(t)
	request := ProfileRequest{Gateway: w.find("contoso"), Authentication: CertificateAuthentication, Reuse: true}
	_, err := w.Profile(w.ctx, request)
	wantProblem(t, err, NoPackage)
	request.Reuse = false
	first, err := w.Profile(w.ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	w.zip.Name = "Changed since"
	request.Reuse = true
	again, err := w.Profile(w.ctx, request)
	if err != nil || string(again.Data) != string(first.Data) {
		t.Errorf("%v, the same: %v", err, string(again.Data) == string(first.Data))
	}
}

func TestProfileProblems(t *testing.T) {
	for name, test := range map[string]struct {
		break_         func(*world)
		gateway        string
		authentication Authentication
		want           Code
	}{
		"several ways":          {func(*world) {}, "contoso", "", SeveralWays},
		"not offered":           {func(*world) {}, "west", CertificateAuthentication, NoAuthentication},
		"not set up":            {func(*world) {}, "bare", "", NoPointToSite},
		"no file for it":        {func(w *world) { w.zip.Authentications = []azurezip.Authentication{azurezip.Entra} }, "contoso", CertificateAuthentication, BadPackage},
		"storage stays away":    {func(w *world) { w.FailDownloads(100) }, "contoso", CertificateAuthentication, BadDownload},
		"operation fails":       {func(w *world) { w.FailOperations("VpnProfileGenerationFailed", "No profile today.") }, "contoso", CertificateAuthentication, Failed},
		"may read only":         {func(w *world) { w.Forbid("Microsoft.Network/virtualNetworkGateways/generatevpnprofile/action") }, "contoso", CertificateAuthentication, NoPermission},
		"cut off in the middle": {func(w *world) { w.BreakPackages(true) }, "contoso", CertificateAuthentication, BadDownload},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := w.find(test.gateway)
			test.break_(w)
			w.Client.firstDelay = 10 * time.Millisecond
			_, err := w.Profile(w.ctx, ProfileRequest{Gateway: g, Authentication: test.authentication})
			p := wantProblem(t, err, test.want)
			if strings.Contains(fmt.Sprint(err, p), "sig=") {
				t.Errorf("the address is told: %v", err)
			}
			if test.want == Failed && p.Detail != "No profile today." {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestNoOpenVPN(t *testing.T) {
	g := Gateway{Name: "old", PointToSite: &PointToSite{Protocols: []Protocol{IKEv2, SSTP}, Authentication: []Authentication{CertificateAuthentication}}}
	_, err := chooseAuthentication(g, "")
	if p := wantProblem(t, err, NoOpenVPN); fmt.Sprint(p.Names) != "[ikev2 sstp]" {
		t.Errorf("%v", p.Names)
	}
}

// Whoever gives up is not made to wait.
func TestProfileCancelled(t *testing.T) {
	w := newWorld(t)
	g := w.find("contoso")
	w.Polls(1_000_000)
	ctx, cancel := context.WithCancel(w.ctx)
	w.Client.progress = func(Progress) { cancel() }
	_, err := w.Profile(ctx, ProfileRequest{Gateway: g, Authentication: CertificateAuthentication})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

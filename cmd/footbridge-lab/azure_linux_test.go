package main

import (
	"os"
	"strings"
	"testing"
)

// The resource manager of a lab is told of, reached from the laptop by the public cloud's name, and made to misbehave.
func TestAzureOfTheLab(t *testing.T) {
	u := root(t)
	r := u.up("--azure")
	if r.Azure == nil || r.Entra == nil || len(r.Azure.Gateways) != 2 || r.Azure.Endpoint != "https://management.azure.com" {
		t.Fatalf("state %+v", r.State)
	}
	status, err := u.lab("status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append([]string{r.Azure.Endpoint, r.Azure.Tenant, "--sign-in device-code"}, r.Azure.Gateways...) {
		if !strings.Contains(status, want) {
			t.Errorf("status lacks %q:\n%s", want, status)
		}
	}
	if output, err := u.lab("azure", "set", "throttle=2", "retry-after=1s", "forbid=Microsoft.Network/virtualHubs/read"); err != nil {
		t.Errorf("set: %s, %v", output, err)
	}
	shown, err := u.lab("azure", "show")
	if err != nil || !strings.Contains(shown, "throttle=2\n") || !strings.Contains(shown, "retry-after=1s\n") || !strings.Contains(shown, "forbid=Microsoft.Network/virtualHubs/read\n") ||
		!strings.Contains(shown, "expired=off\n") {
		t.Errorf("show: %s, %v", shown, err)
	}
	for _, bad := range [][]string{{"azure", "set", "throttle"}, {"azure", "set", "throttle=often"}, {"azure", "set", "no-such=on"}} {
		if output, err := u.lab(bad...); err == nil {
			t.Errorf("%v: %s", bad, output)
		}
	}
	if output, err := u.lab("azure", "blob"); err != nil || !strings.HasPrefix(output, r.Azure.Endpoint+"/blobs/") {
		t.Errorf("blob: %s, %v", output, err)
	}
	output, err := u.lab("exec", "laptop", "--", "curl", "--silent", "--show-error", r.Azure.Endpoint+r.Azure.Gateways[0]+"?api-version=2025-01-01")
	if err != nil || !strings.Contains(output, "AuthenticationFailed") {
		t.Errorf("without a token on the laptop: %s, %v", output, err)
	}
	if output, err := u.lab("down"); err != nil {
		t.Errorf("down: %s, %v", output, err)
	}
	r.Wait()
	r.checkGone(t, u)
	if _, err := os.Stat(r.Azure.Control); !os.IsNotExist(err) {
		t.Errorf("the control socket is left: %v", err)
	}
	u.up()
	if output, err := u.lab("azure", "show"); err == nil || !strings.Contains(output, "--azure") {
		t.Errorf("show: %s, %v", output, err)
	}
}

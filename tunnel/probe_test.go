package tunnel

import (
	"context"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
)

// A probe gets as far as it has means for, and changes nothing here.
func TestProbe(t *testing.T) {
	refuseAll := func(context.Context, gateway.Login) (gateway.Decision, error) { return gateway.Decision{}, nil }
	tests := []struct {
		name   string
		edit   rigOption
		bend   func(*ProbeOptions)
		stage  openvpn.Stage
		code   Code // empty: nothing is wrong
		signed bool
		hello  HelloVariant
	}{
		{"certificate", nil, nil, openvpn.StageEstablished, "", true, HelloVariant{}},
		{"over UDP", overUDP, nil, openvpn.StageEstablished, "", true, HelloVariant{}},
		{"no certificate", nil, func(o *ProbeOptions) { o.Certificate = nil }, openvpn.StageKeyMaterial, "", false, HelloVariant{}},
		{"no password", withPassword(refuseAll), func(o *ProbeOptions) { o.Certificate = nil }, openvpn.StageKeyMaterial, "", false, HelloVariant{}},
		{"wrong password", withPassword(refuseAll), func(o *ProbeOptions) { o.Certificate, o.Credential = nil, &Answer{Username: "a", Password: "b"} },
			openvpn.StagePush, AuthFailed, false, HelloVariant{}},
		{"long hello", func(_ *rig, c *gateway.Config) { c.Faults.ResetOnLongHello = true }, nil, openvpn.StageEstablished, "", true, HelloVariant{Small: true}},
		{"official hello", func(_ *rig, c *gateway.Config) { c.Faults.RequireAzureHello = true }, nil, openvpn.StageEstablished, "", true, HelloVariant{Azure: true}},
		{"old secret", func(_ *rig, c *gateway.Config) { c.Faults.ResetAfterReset = true }, nil, openvpn.StageReset, SecretRefused, false, HelloVariant{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			edits := []rigOption{}
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			r := newRig(t, edits...)
			options := ProbeOptions{Profile: r.profile, Server: r.profile.Servers[0], Certificate: r.options.Certificate, Logger: r.options.Logger}
			if test.bend != nil {
				test.bend(&options)
			}
			probed := Probe(t.Context(), options)
			var code Code
			if probed.Problem != nil {
				code = probed.Problem.Code
			}
			if probed.Stage != test.stage || code != test.code || probed.SignedIn != test.signed || probed.Hello != test.hello {
				t.Errorf("stage %v, problem %v, signed in %v, hello %+v", probed.Stage, probed.Problem, probed.SignedIn, probed.Hello)
			}
			if test.stage >= openvpn.StageKeyMaterial && (!probed.Verified || len(probed.Offered) == 0) {
				t.Errorf("the gateway was not verified: %v", probed.Identity)
			}
			if test.signed && (len(probed.Config.Routes) != 1 || len(probed.Config.DNS.Servers) != 1 || len(probed.Config.Addresses) != 1) {
				t.Errorf("configuration %+v", probed.Config)
			}
		})
	}
}

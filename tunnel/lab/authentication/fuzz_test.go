package authentication

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func FuzzParsePassword(f *testing.F) {
	for _, password := range []string{"", "plain", "CRV1::c3RhdGU::123456", "SCRV1:cGFzc3dvcmQ=:MTIzNDU2", "CRV1::", "SCRV1::"} {
		f.Add(password, []byte("state"))
	}
	f.Fuzz(func(t *testing.T, password string, state []byte) {
		parsePassword(password)
		dynamic := push.Challenge{Kind: push.DynamicChallenge, State: encodeState(state)}
		if typed := parsePassword(string(dynamic.Answer("", keymethod.Secret(password)))); typed.password != password || string(typed.state) != string(state) {
			t.Errorf("%+v", typed)
		}
		static := push.Challenge{Kind: push.StaticChallenge}
		if typed := parsePassword(string(static.Answer(keymethod.Secret(password), "code"))); typed.password != password || typed.response != "code" {
			t.Errorf("%+v", typed)
		}
	})
}

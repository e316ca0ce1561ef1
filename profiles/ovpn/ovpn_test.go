package ovpn

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		line  string
		words []string
		wrong bool
	}{
		{"", nil, false},
		{"  \t\r", nil, false},
		{"# comment", nil, false},
		{"; comment", nil, false},
		{"remote gw.example 443 # the gateway", []string{"remote", "gw.example", "443"}, false},
		{"a#b c;d", []string{"a#b", "c;d"}, false},
		{`setenv X "two words"`, []string{"setenv", "X", "two words"}, false},
		{`setenv X 'two "words" \n'`, []string{"setenv", "X", `two "words" \n`}, false},
		{`a "b\"c\\d" e\ f`, []string{"a", `b"c\d`, "e f"}, false},
		{`a ""`, []string{"a", ""}, false},
		{`a ''`, []string{"a", ""}, false},
		{`it's fine`, []string{"it's", "fine"}, false},
		{`a "b`, nil, true},
		{`a 'b`, nil, true},
		{`a b\`, nil, true},
		{`a \n`, nil, true},
		{strings.Repeat("a ", maxArguments+1), nil, true},
	}
	for _, test := range tests {
		words, problem := split(test.line)
		if !slices.Equal(words, test.words) || (problem != "") != test.wrong {
			t.Errorf("%q: %q %q", test.line, words, problem)
		}
	}
}

func TestQuotedWordsAreSplitBack(t *testing.T) {
	for _, word := range []string{"", "plain", "two words", `quo"te`, `back\slash`, "#no comment", ";", "it's", "\t"} {
		words, problem := split("name " + quote(word))
		if problem != "" || len(words) != 2 || words[1] != word {
			t.Errorf("%q: %q %s", word, words, problem)
		}
	}
}

// least is a configuration with all that must be in one.
const least = "client\nremote gw.example.com\nremote-cert-tls server\nauth-user-pass\npeer-fingerprint " +
	"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\n"

func TestOptions(t *testing.T) {
	tests := []struct {
		lines string
		get   func(*Config) any
		want  any
	}{
		{"proto tcp4-client", func(c *Config) any { return c.Transport }, "tcp"},
		{"", func(c *Config) any { return c.Transport }, "udp"},
		{"", func(c *Config) any { return c.Remotes }, []Remote{{"gw.example.com", 1194, ""}}},
		{"rport 99", func(c *Config) any { return c.Remotes[0].Port }, uint16(99)},
		{"remote 2001:db8::1 1195 udp6", func(c *Config) any { return c.Remotes[1] }, Remote{"2001:db8::1", 1195, "udp"}},
		{"remote gw2.example.com 443 tcp\nproto-force tcp", func(c *Config) any { return c.Remotes }, []Remote{{"gw2.example.com", 443, "tcp"}}},
		{"<connection>\nremote c.example 1\nproto tcp\n</connection>\n<connection>\nremote d.example\n</connection>", func(c *Config) any { return c.Remotes[1:] },
			[]Remote{{"c.example", 1, "tcp"}, {"d.example", 1194, ""}}},
		{"--reneg-sec 0", func(c *Config) any { return c.Options.RenegotiateAfter }, Never},
		{"reneg-sec 3600 1800", func(c *Config) any { return c.Options.RenegotiateAfter }, time.Hour},
		{"keepalive 10 0", func(c *Config) any { return []time.Duration{c.Options.Ping, c.Options.PingRestart} }, []time.Duration{10 * time.Second, Never}},
		{"connect-retry-max 3", func(c *Config) any { return c.Options.ConnectRetryMax }, 3},
		{"explicit-exit-notify", func(c *Config) any { return c.Options.ExplicitExitNotify }, 1},
		{"mssfix", func(c *Config) any { return c.Options.MSSFix == nil }, true},
		{"mssfix 1300 fixed", func(c *Config) any { return fmt.Sprint(*c.Options.MSSFix, c.Options.MSSFixMode) }, "1300fixed"},
		{"auth sha2-256", func(c *Config) any { return c.Options.Auth }, "SHA256"},
		{"auth RSA-SHA512", func(c *Config) any { return c.Options.Auth }, "SHA512"},
		{"cipher aes-256-gcm", func(c *Config) any { return c.Options.FallbackCipher }, "AES-256-GCM"},
		{"cipher AES-256-GCM", func(c *Config) any { return len(c.Options.DataCiphers) }, 0},
		{"cipher AES-256-CBC", func(c *Config) any { return c.Options.DataCiphers[3] }, "AES-256-CBC"},
		{"cipher AES-256-CBC\nncp-disable", func(c *Config) any { return c.Options.DataCiphers }, []string{"AES-256-CBC"}},
		{"data-ciphers ?AES-128-GCM:id-aes256-GCM:AES-128-GCM", func(c *Config) any { return c.Options.DataCiphers }, []string{"AES-128-GCM", "AES-256-GCM"}},
		{"data-ciphers DEFAULT:AES-256-CBC", func(c *Config) any { return len(c.Options.DataCiphers) }, 4},
		{"data-ciphers AES-128-GCM\ncipher AES-256-CBC\ndata-ciphers-fallback AES-128-CBC", func(c *Config) any { return c.Options.FallbackCipher }, "AES-128-CBC"},
		{"compress", func(c *Config) any { return c.Options.Compression }, "stub"},
		{"compress lzo", func(c *Config) any { return c.Options.Compression }, "comp-lzo"},
		{"comp-lzo no", func(c *Config) any { return c.Options.Compression }, "comp-lzo"},
		{"compress migrate", func(c *Config) any { return c.Options.Compression }, ""},
		{"redirect-gateway", func(c *Config) any { return c.Options.RedirectGateway }, []string{}},
		{"redirect-private def1", func(c *Config) any { return c.Options.RedirectGateway }, []string{"private", "def1"}},
		{"route-ipv6 2001:db8::1", func(c *Config) any { return c.IncludeRoutes[0].String() }, "2001:db8::1/128"},
		{"route 10.1.2.3 255.255.0.0", func(c *Config) any { return c.IncludeRoutes[0].String() }, "10.1.0.0/16"},
		{"dhcp-option DOMAIN-ROUTE corp.example", func(c *Config) any { return c.DNSSuffixes }, []string{"corp.example"}},
		{"setenv opt tls-timeout 9", func(c *Config) any { return c.Options.TLSTimeout }, 9 * time.Second},
		{"setenv IV_X 'a\x01b'", func(c *Config) any { return c.Options.PeerInfo["IV_X"] }, "ab"},
		{"setenv-safe UV_Y z", func(c *Config) any { return c.Options.PeerInfo["UV_Y"] }, "z"},
		{"static-challenge \"Code?\" 0 concat", func(c *Config) any { return *c.Challenge }, Challenge{"Code?", false, true}},
		{"socks-proxy 192.0.2.9", func(c *Config) any { return *c.Proxy }, Proxy{Type: "socks5", Host: "192.0.2.9", Port: 1080}},
		{"http-proxy 192.0.2.9 3128 auto", func(c *Config) any { return *c.Proxy }, Proxy{Type: "http", Host: "192.0.2.9", Port: 3128}},
		{"setenv opt future 1\nignore-unknown-option shiny\nshiny \"a thing\"\ncolour blue", func(c *Config) any { return c.Kept },
			[][]string{{"setenv", "opt", "future", "1"}, {"setenv", "opt", "shiny", "a thing"}}},
		{"verb 4\nroute-delay 5", func(c *Config) any { return c.Kept }, [][]string{{"verb", "4"}, {"route-delay", "5"}}},
		{"dev ovpnx\ndev-type tun", func(c *Config) any { return len(c.Remotes) }, 1},
		{"cryptoapicert 'SUBJ:alice'", func(c *Config) any { return c.BringsOwn }, true},
		{"<cert>\n$CLIENTCERTIFICATE\n</cert>\n<key>\n$PRIVATEKEY\n</key>", func(c *Config) any { return c.BringsOwn && c.HasCertificate() }, true},
	}
	for _, test := range tests {
		c, findings := Parse([]byte(least+test.lines), ParseOptions{})
		if finding.Faulty(findings) {
			t.Errorf("%q: %v", test.lines, findings)
			continue
		}
		if got := test.get(c); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %v, want %v", test.lines, got, test.want)
		}
	}
}

func TestFindings(t *testing.T) {
	tests := []struct {
		line     string
		severity finding.Severity
		code     string
	}{
		{"dev tap0", finding.Fault, "unsupported-option"},
		{"dev-type tap", finding.Fault, "unsupported-option"},
		{"proto tcp-server", finding.Fault, "bad-proto"},
		{"remote http://x", finding.Fault, "bad-remote"},
		{"remote gw.example 0", finding.Fault, "bad-port"},
		{"remote-cert-tls client", finding.Fault, "bad-argument"},
		{"remote-cert-eku clientAuth", finding.Fault, "unsupported-option"},
		{"remote-cert-ku a0 88", finding.Warning, "unsupported-option"},
		{"verify-x509-name x dns", finding.Fault, "bad-argument"},
		{"verify-hash 00:11", finding.Fault, "unsupported-option"},
		{"crl-verify revoked dir", finding.Fault, "unsupported-option"},
		{"tls-auth ta.key 2", finding.Fault, "bad-argument"},
		{"tls-auth ta.key 1", finding.Fault, "file-reference"},
		{"auth-user-pass pass.txt", finding.Warning, "file-reference"},
		{"<tls-crypt-v2>\nx\n</tls-crypt-v2>", finding.Fault, "bad-key"},
		{"<ca>\nnothing\n</ca>", finding.Fault, "bad-certificate"},
		{"<key>\nnothing\nat all\n</key>", finding.Fault, "bad-key"},
		{"<nobind>\n</nobind>", finding.Fault, "bad-block"},
		{"cipher BF-CBC", finding.Warning, "unsupported-cipher"},
		{"cipher BF-CBC\nncp-disable", finding.Fault, "unsupported-cipher"},
		{"data-ciphers BF-CBC", finding.Fault, "unsupported-cipher"},
		{"auth none", finding.Fault, "unsupported-digest"},
		{"tls-version-min 2.0", finding.Fault, "bad-argument"},
		{"tls-version-max 1.0", finding.Fault, "tls-version"},
		{"compress lz4", finding.Warning, "no-compression"},
		{"tun-mtu 20", finding.Fault, "bad-number"},
		{"reneg-bytes -1", finding.Fault, "bad-number"},
		{"route 10.0.0.0 255.0.255.0", finding.Warning, "unsupported-route"},
		{"route-ipv6 10.0.0.0/8", finding.Warning, "unsupported-route"},
		{"pull-filter drop x", finding.Fault, "bad-argument"},
		{"redirect-gateway everything", finding.Fault, "bad-argument"},
		{"dhcp-option DNS ns.example", finding.Fault, "bad-dns-server"},
		{"dns server one address 10.0.0.1", finding.Fault, "bad-number"},
		{"dns server 1 transport DoT", finding.Warning, "unsupported-option"},
		{"http-proxy p 1 none ntlm2", finding.Warning, "unsupported-option"},
		{"http-proxy-option CUSTOM-HEADER a b", finding.Warning, "unsupported-option"},
		{"static-challenge x maybe", finding.Fault, "bad-argument"},
		{"up /bin/script", finding.Warning, "unsupported-option"},
		{"plugin x", finding.Warning, "unsupported-option"},
		{"management 127.0.0.1 1", finding.Warning, "unsupported-option"},
		{"secret key", finding.Fault, "unsupported-option"},
		{"key-method 1", finding.Fault, "unsupported-option"},
		{"no-replay", finding.Fault, "unsupported-option"},
		{"persist-tun", finding.Note, "ignored-option"},
		{"script-security 2", finding.Note, "ignored-option"},
		{"colour blue", finding.Warning, "unknown-option"},
		{"<colour>\nblue\n</colour>", finding.Warning, "unknown-option"},
		{"client now", finding.Fault, "too-many-arguments"},
		{"remote", finding.Fault, "missing-argument"},
		{"<connection>\n<connection>\n</connection>", finding.Fault, "unclosed-block"},
	}
	for _, test := range tests {
		_, findings := Parse([]byte(least+test.line+"\n"), ParseOptions{})
		if len(findings) == 0 || findings[0].Severity != test.severity || findings[0].Code != test.code || findings[0].Line < 6 || findings[0].Problem == "" {
			t.Errorf("%q: %+v", test.line, findings)
		}
	}
	for missing, code := range map[string]string{"remote gw.example.com\n": "missing-remote", least[strings.Index(least, "peer-"):]: "missing-ca", "remote-cert-tls server\n": "", "auth-user-pass\n": "no-certificate"} {
		_, findings := Parse([]byte(strings.Replace(least, missing, "", 1)), ParseOptions{})
		if code == "" && len(findings) != 0 || code != "" && (len(findings) == 0 || findings[0].Code != code) {
			t.Errorf("without %q: %+v", missing, findings)
		}
	}
}

func TestEveryOptionIsInOneTable(t *testing.T) {
	dead := effects()
	for name := range optionTable() {
		if _, both := dead[name]; both {
			t.Errorf("%s both has an effect and has none", name)
		}
	}
}

func TestLimits(t *testing.T) {
	for name, text := range map[string]string{
		"size":    strings.Repeat("#", maxSize+1),
		"line":    "client\n" + strings.Repeat("x", maxLine+1),
		"options": strings.Repeat("nobind\n", maxDirectives+1),
		"remotes": least + strings.Repeat("remote a\n", maxRemotes),
	} {
		if _, findings := Parse([]byte(text), ParseOptions{}); !finding.Faulty(findings) {
			t.Errorf("%s: %v", name, findings)
		}
	}
	_, findings := Parse([]byte(least+strings.Repeat("blue\n", 20_000)+"dev tap\n"), ParseOptions{})
	if len(findings) > 1100 || !finding.Faulty(findings) {
		t.Errorf("%d findings of 20000 lines", len(findings))
	}
}

func TestReadFileErrorsAreReported(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name != "pass.txt" {
			return nil, errors.New("it is on holiday")
		}
		return []byte("\ufeffalice\nsecret\n"), nil
	}
	c, findings := Parse([]byte(least+"auth-user-pass pass.txt\ncert me.crt\n"), ParseOptions{ReadFile: read})
	if c.Username != "alice" || c.Password != "secret" || len(findings) != 1 || !strings.Contains(findings[0].Problem, "on holiday") {
		t.Errorf("%q %v", c.Username, findings)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(least + "<connection>\nremote a 1 tcp\n</connection>\nroute 10.0.0.0 255.0.0.0 net_gateway\ndns server 1 address 10.0.0.1\nsetenv opt x\nsetenv UV_A \"b c\"\nmssfix 0\nping 0\n"))
	f.Add([]byte("remote \"a b\"\n<ca>\n</ca>\n'"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := Parse(data, ParseOptions{})
		if finding.Faulty(findings) {
			return
		}
		written := Write(c)
		again, findings := Parse(written, ParseOptions{})
		if finding.Faulty(findings) {
			t.Fatalf("written configuration has %v\n%s", findings, written)
		}
		if twice := Write(again); !bytes.Equal(twice, written) {
			t.Fatalf("written again:\n%s\nfirst:\n%s", twice, written)
		}
	})
}

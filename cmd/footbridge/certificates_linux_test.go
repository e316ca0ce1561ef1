package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// openssl runs OpenSSL's program: the files are those of a tool that administrators use.
func (w *world) openssl(arguments ...string) {
	w.t.Helper()
	if out, err := exec.CommandContext(w.t.Context(), "openssl", arguments...).CombinedOutput(); err != nil {
		w.t.Fatalf("openssl %s: %v: %s", strings.Join(arguments, " "), err, out)
	}
}

// Certificates of every form and key sign in to Debian's OpenVPN, in both versions of TLS.
func TestCertificateForms(t *testing.T) {
	for _, version := range []string{"1.2", "1.3"} {
		for name, kind := range map[string]pki.KeyType{"RSA": pki.RSA, "P-256": pki.ECDSA} {
			t.Run("TLS "+version+" "+name, func(t *testing.T) {
				netnstest.RequireRoot(t)
				w := newWorld(t)
				options := w.gatewayOptions("tcp")
				if version == "1.2" {
					options.TLSMax = "1.2"
				}
				w.startGateway(options)
				var err error
				w.client, err = w.certificates.ClientBelowIntermediate("bob", kind)
				w.must(err)
				for form, arguments := range w.forms() {
					t.Run(form, func(t *testing.T) {
						w.t = t
						session := w.runWith(w.profile("tcp"), arguments...).awaitSession()
						if !strings.HasSuffix(session.TLSVersion, version) {
							t.Errorf("%s, want %s", session.TLSVersion, version)
						}
					})
				}
			})
		}
	}
}

// forms are the client's certificate in the files that users have, with the flags that name them.
func (w *world) forms() map[string][]string {
	w.t.Helper()
	in := func(name string) string { return filepath.Join(w.dir, name) }
	certificate, key, err := w.client.WriteFiles(w.dir, "bob")
	w.must(err)
	w.must(os.WriteFile(in("password"), []byte("s3cret\n"), 0o600))
	modern, err := w.client.PKCS12("s3cret")
	w.must(err)
	w.must(os.WriteFile(in("modern.p12"), modern, 0o600))
	w.openssl("pkcs12", "-export", "-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-in", certificate, "-inkey", key, "-passout", "pass:s3cret", "-out", in("old.p12"))
	return map[string][]string{
		"PEM":              {"--cert", certificate, "--key", key},
		"PKCS12 AES":       {"--pkcs12", in("modern.p12"), "--pkcs12-password-file", in("password")},
		"PKCS12 RC2, 3DES": {"--pkcs12", in("old.p12"), "--pkcs12-password-file", in("password")},
	}
}

package authority

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// output collects what a program says until something is in it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until one of the texts is there and returns it.
func (o *output) await(ctx context.Context, texts ...string) string {
	for {
		said := o.String()
		for _, text := range texts {
			if strings.Contains(said, text) {
				return text
			}
		}
		select {
		case <-o.changed:
		case <-ctx.Done():
			return ""
		}
	}
}

func openVPN(t *testing.T, ctx context.Context, arguments ...string) *output {
	t.Helper()
	path, err := exec.LookPath("openvpn")
	if err != nil {
		if path = "/usr/sbin/openvpn"; os.Getuid() != 0 {
			if _, err := os.Stat(path); err != nil {
				t.Skip("no OpenVPN: install openvpn")
			}
		}
	}
	said := &output{changed: make(chan struct{}, 1)}
	command := exec.CommandContext(ctx, path, append(arguments, "--dev", "null", "--cipher", "AES-256-GCM", "--verb", "3")...)
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	})
	return said
}

// gatewayFiles makes what a gateway has of its own.
func gatewayFiles(t *testing.T, dir string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "gateway"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true, IsCA: true}
	made, err := sign(template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "gateway.crt"), filepath.Join(dir, "gateway.key")
	for path, content := range map[string][]byte{certificate: certificatePEM(made), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := writeNew(path, content, privateMode); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

// Debian's OpenVPN reads the PKCS#12 file on the one side and the root on the other, and accepts what this package issued, nothing else.
func TestOpenVPNAccepts(t *testing.T) {
	made, err := NewRoot(RootOptions{CommonName: "OpenVPN test root", KeyType: RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := NewRoot(RootOptions{CommonName: "OpenVPN test root", KeyType: RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		issuer  *Authority
		key     KeyType
		accepts bool
	}{{"RSA", made, RSA2048, true}, {"P-256", made, P256, true}, {"a stranger's", stranger, P256, false}} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			dir := t.TempDir()
			rootFile, passwordFile := filepath.Join(dir, "root.cer"), filepath.Join(dir, "password")
			if err := WriteRoot(rootFile, made.Certificate); err != nil {
				t.Fatal(err)
			}
			clients, err := test.issuer.Issue(ctx, IssueOptions{For: "alice@sales.contoso.com", KeyType: test.key})
			if err != nil {
				t.Fatal(err)
			}
			written, err := Write(dir, clients, WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := writeNew(passwordFile, []byte(written[0].Password.Reveal()), privateMode); err != nil {
				t.Fatal(err)
			}
			certificate, key := gatewayFiles(t, dir)
			port := freePort(t)
			gateway := openVPN(t, ctx, "--tls-server", "--proto", "tcp-server", "--local", "127.0.0.1", "--lport", port, "--dh", "none",
				"--ca", rootFile, "--cert", certificate, "--key", key, "--remote-cert-tls", "client")
			if gateway.await(ctx, "Listening for incoming TCP connection") == "" {
				t.Fatalf("the gateway does not listen:\n%s", gateway)
			}
			client := openVPN(t, ctx, "--tls-client", "--proto", "tcp-client", "--remote", "127.0.0.1", port, "--nobind", "--ca", certificate,
				"--pkcs12", written[0].File, "--askpass", passwordFile, "--connect-retry-max", "1")
			const accepted, refused = "Initialization Sequence Completed", "VERIFY ERROR"
			want := accepted
			if !test.accepts {
				want = refused
			}
			if got := gateway.await(ctx, accepted, refused); got != want {
				t.Errorf("the gateway says:\n%s\nthe client says:\n%s", gateway, client)
			}
			if test.accepts && !strings.Contains(gateway.String(), "CN=alice@sales.contoso.com") {
				t.Errorf("the gateway does not name the user:\n%s", gateway)
			}
		})
	}
}

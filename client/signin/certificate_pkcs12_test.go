package signin

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// The structures of RFC 7292 that a file with several keys needs.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"tag:0,explicit"`
	}
	pfx struct {
		Version int
		Safe    contentInfo
	}
	bag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	certBag struct {
		ID   asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
)

func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
}

func mustMarshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// archiveOf makes a PKCS#12 file without a password, with any number of keys, as key stores and key chains export them.
func archiveOf(t *testing.T, certificates []*x509.Certificate, keys []crypto.Signer) []byte {
	t.Helper()
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	bagTypes := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1}
	var certificateBags, keyBags []bag
	for _, c := range certificates {
		inner := mustMarshal(t, certBag{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}, c.Raw})
		certificateBags = append(certificateBags, bag{append(bagTypes[:8:8], 3), explicit(inner)})
	}
	dir := t.TempDir()
	for _, key := range keys {
		writeFile(t, filepath.Join(dir, "key.pem"), keyPEM(t, key))
		openssl(t, dir, "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "key.pem", "-out", "shrouded.der", "-outform", "DER", "-passout", "pass:")
		shrouded, err := os.ReadFile(filepath.Join(dir, "shrouded.der"))
		if err != nil {
			t.Fatal(err)
		}
		keyBags = append(keyBags, bag{append(bagTypes[:8:8], 2), explicit(shrouded)})
	}
	safe := []contentInfo{{data, mustMarshal(t, certificateBags)}, {data, mustMarshal(t, keyBags)}}
	return mustMarshal(t, pfx{3, contentInfo{data, mustMarshal(t, safe)}})
}

func TestPKCS12WithSeveralKeys(t *testing.T) {
	authority := newAuthority(t, "root")
	oldKey, newKey, otherKey := mustEC(t), mustEC(t), mustEC(t)
	old := authority.issue(t, "alice", oldKey, func(c *x509.Certificate) { c.NotBefore = now.Add(-2 * time.Hour) })
	renewed := authority.issue(t, "alice", newKey, nil)
	other := authority.issue(t, "alice at home", otherKey, nil)
	archive := archiveOf(t, []*x509.Certificate{old, authority.intermediate, renewed, other}, []crypto.Signer{oldKey, otherKey, newKey})
	path := writeFile(t, filepath.Join(t.TempDir(), "all.p12"), archive)
	load := func(thumbprint string) (*x509.Certificate, error) {
		certificate, err := Load(t.Context(), CertificateSelection{PKCS12File: path, Time: now, Requirements: CertificateRequirements{Thumbprint: thumbprint}}, nil)
		if err != nil {
			return nil, err
		}
		return certificate.Leaf, nil
	}
	for _, wanted := range []*x509.Certificate{old, renewed, other} {
		if leaf, err := load(Thumbprint(wanted)); err != nil || !leaf.Equal(wanted) {
			t.Errorf("%s: %v", wanted.Subject, err)
		}
	}
	var ambiguous *AmbiguousCertificateError
	if _, err := load(""); !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 || ambiguous.Candidates[0].Source != path {
		t.Errorf("%v", err)
	}
}

func TestPKCS12WithoutParts(t *testing.T) {
	key := mustEC(t)
	leaf := issue(t, "alice", key, nil, nil, nil)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "c.pem"), certificatePEM(leaf))
	openssl(t, dir, "pkcs12", "-export", "-nokeys", "-in", "c.pem", "-out", "nokey.p12", "-passout", "pass:x")
	if _, err := ReadPKCS12File(filepath.Join(dir, "nokey.p12"), "x"); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
	if _, err := ParsePKCS12(archiveOf(t, nil, []crypto.Signer{key}), ""); !errors.Is(err, ErrNoCertificate) {
		t.Error(err)
	}
}

// A file cannot keep the program busy for hours.
func TestCostLimits(t *testing.T) {
	key := mustEC(t)
	leaf := issue(t, "alice", key, nil, nil, nil)
	start := time.Now()
	archive, err := pkcs12.Modern2023.Encode(key, leaf, nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	if rounds, ok := countIterations(archive, 0); !ok || rounds < 2*2048 || rounds > 3*2048 {
		t.Errorf("%d rounds were counted", rounds)
	}
	type macData struct {
		Digest struct {
			Algorithm pkix.AlgorithmIdentifier
			Sum       []byte
		}
		Salt       []byte
		Iterations int
	}
	mac := macData{Salt: []byte("12345678"), Iterations: 1<<31 - 1}
	mac.Digest.Algorithm.Algorithm, mac.Digest.Sum = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, make([]byte, 20)
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	costly := mustMarshal(t, struct {
		Version int
		Safe    contentInfo
		Mac     macData
	}{3, contentInfo{data, []byte{0x30, 0}}, mac})
	if _, err := ParsePKCS12(costly, ""); !errors.Is(err, ErrUnsupportedKey) {
		t.Errorf("rounds of a MAC: %v", err)
	}

	cbc := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, Parameters: asn1.RawValue{FullBytes: mustMarshal(t, make([]byte, 16))}}
	shortIV := cbc
	shortIV.Parameters = asn1.RawValue{FullBytes: mustMarshal(t, make([]byte, 8))}
	pbkdf2 := func(parameters pbkdf2Parameters) pkix.AlgorithmIdentifier {
		parameters.Salt = []byte("salt")
		parameters.PRF.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, Parameters: asn1.RawValue{FullBytes: mustMarshal(t, parameters)}}
	}
	scrypt := func(cost, block, parallel int) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}, Parameters: asn1.RawValue{FullBytes: mustMarshal(t, scryptParameters{[]byte("salt"), cost, block, parallel})}}
	}
	for name, test := range map[string]struct {
		derivation, cipher pkix.AlgorithmIdentifier
		length             int
		want               error
	}{
		"fine but for the passphrase": {pbkdf2(pbkdf2Parameters{Iterations: 1000}), cbc, 32, ErrWrongPassword},
		"rounds":                      {pbkdf2(pbkdf2Parameters{Iterations: 1<<31 - 1}), cbc, 32, ErrUnsupportedKey},
		"no rounds":                   {pbkdf2(pbkdf2Parameters{Iterations: -1}), cbc, 32, ErrUnsupportedKey},
		"a key length":                {pbkdf2(pbkdf2Parameters{Iterations: 1, KeyLength: 32}), cbc, 32, ErrUnsupportedKey},
		"a short vector":              {pbkdf2(pbkdf2Parameters{Iterations: 1}), shortIV, 32, ErrUnsupportedKey},
		"half a block":                {pbkdf2(pbkdf2Parameters{Iterations: 1}), cbc, 24, ErrUnsupportedKey},
		"scrypt":                      {scrypt(1<<14, 8, 1), cbc, 32, ErrWrongPassword},
		"scrypt's memory":             {scrypt(1<<28, 8, 1), cbc, 32, ErrUnsupportedKey},
		"scrypt's block":              {scrypt(2, 1<<31-1, 1), cbc, 32, ErrUnsupportedKey},
		"scrypt's turns":              {scrypt(2, 8, 1<<20), cbc, 32, ErrUnsupportedKey},
		"an unknown derivation":       {cbc, cbc, 32, ErrUnsupportedKey},
		"an unknown cipher":           {pbkdf2(pbkdf2Parameters{Iterations: 1}), scrypt(2, 8, 1), 32, ErrUnsupportedKey},
	} {
		parameters := mustMarshal(t, pbes2Parameters{test.derivation, test.cipher})
		der := mustMarshal(t, encryptedPrivateKeyInfo{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, Parameters: asn1.RawValue{FullBytes: parameters}}, make([]byte, test.length)})
		file := append(certificatePEM(leaf), pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})...)
		if _, err := ParsePEMContents(file, "x"); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
}

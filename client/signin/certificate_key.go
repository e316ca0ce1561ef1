package signin

import (
	"crypto"
	"crypto/aes"
	"crypto/des"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Limits on the work that a file can demand before its passphrase is known to be right. OpenSSL and Firefox use up to 600,000 rounds.
const (
	maxIterations   = 10_000_000
	maxScryptMemory = 256 << 20 // bytes
	maxScryptTurns  = 16
)

func parseKeyBlock(block *pem.Block, passphrase secret.Text) (crypto.Signer, error) {
	switch {
	case !isEncrypted(block):
		return parsePlainKey(block.Bytes)
	case passphrase == "":
		return nil, ErrEncryptedKey
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return decryptPKCS8(block.Bytes, passphrase)
	default:
		return decryptTraditional(block, passphrase)
	}
}

// parsePlainKey goes by the content, since some tools label a PKCS#1 key as PKCS#8. The parsers' errors can quote what they read, and a key
// must not get into a log, so they end here.
func parsePlainKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "it cannot sign"}
		}
		return signer, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "it is damaged, or not an RSA, ECDSA or Ed25519 key"}
}

// decryptTraditional opens a key with a Proc-Type header (RFC 1421 section 4.6.1.1). OpenSSL writes it to this day with -traditional.
func decryptTraditional(block *pem.Block, passphrase secret.Text) (crypto.Signer, error) {
	//lint:ignore SA1019 The format is weak; reading a file that a user has does not make it weaker.
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase.Reveal()))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, ErrWrongPassword
	}
	if err != nil {
		return nil, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "its encryption " + block.Headers["DEK-Info"] + " is unknown"}
	}
	key, err := parsePlainKey(der)
	if err != nil {
		return nil, ErrWrongPassword // the padding of a wrong passphrase is right once in 256 times
	}
	return key, nil
}

// decryptPKCS8 opens an EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2).
func decryptPKCS8(der []byte, passphrase secret.Text) (crypto.Signer, error) {
	if err := checkPKCS8(der); err != nil {
		return nil, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: err.Error()}
	}
	key, _, err := pkcs8.ParsePrivateKey(der, []byte(passphrase.Reveal()))
	if err != nil {
		return nil, ErrWrongPassword // what else can go wrong was checked before
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, &CertificateProblem{Kind: ErrUnsupportedKey, Detail: "it cannot sign"}
	}
	return signer, nil
}

type encryptedPrivateKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Parameters struct {
	KeyDerivation pkix.AlgorithmIdentifier
	Encryption    pkix.AlgorithmIdentifier
}

type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

type scryptParameters struct { // RFC 7914 section 7.1
	Salt                      []byte
	Cost, BlockSize, Parallel int
}

// checkPKCS8 refuses what the library does not know or what it would trust blindly: lengths that do not fit, and costs without a limit.
func checkPKCS8(der []byte) error {
	var info encryptedPrivateKeyInfo
	if err := unmarshalExactly(der, &info); err != nil {
		return errors.New("it is damaged")
	}
	if oid := info.Algorithm.Algorithm.String(); oid != "1.2.840.113549.1.5.13" {
		return fmt.Errorf("its encryption is not PBES2 but %s", oid)
	}
	var parameters pbes2Parameters
	if err := unmarshalExactly(info.Algorithm.Parameters.FullBytes, &parameters); err != nil {
		return errors.New("its PBES2 parameters are damaged")
	}
	if err := checkDerivation(parameters.KeyDerivation); err != nil {
		return err
	}
	block, ok := map[string]int{
		"1.2.840.113549.3.7":      des.BlockSize, // des-EDE3-CBC
		"2.16.840.1.101.3.4.1.2":  aes.BlockSize, // aes128-CBC
		"2.16.840.1.101.3.4.1.22": aes.BlockSize, // aes192-CBC
		"2.16.840.1.101.3.4.1.42": aes.BlockSize, // aes256-CBC
	}[parameters.Encryption.Algorithm.String()]
	if !ok {
		return fmt.Errorf("its cipher %s is not AES-CBC or 3DES", parameters.Encryption.Algorithm)
	}
	var iv []byte
	if err := unmarshalExactly(parameters.Encryption.Parameters.FullBytes, &iv); err != nil || len(iv) != block || len(info.Data) == 0 || len(info.Data)%block != 0 {
		return errors.New("its length does not fit its cipher")
	}
	return nil
}

func checkDerivation(kdf pkix.AlgorithmIdentifier) error {
	switch kdf.Algorithm.String() {
	case "1.2.840.113549.1.5.12": // PBKDF2
		var p pbkdf2Parameters
		if err := unmarshalExactly(kdf.Parameters.FullBytes, &p); err != nil || p.Iterations < 1 {
			return errors.New("its PBKDF2 parameters are damaged")
		}
		if p.Iterations > maxIterations {
			return fmt.Errorf("it demands %d rounds of PBKDF2", p.Iterations)
		}
		switch prf := p.PRF.Algorithm.String(); {
		case p.KeyLength != 0:
			return errors.New("its PBKDF2 parameters name a key length")
		case prf != "" && prf != "1.2.840.113549.2.7" && prf != "1.2.840.113549.2.9":
			return fmt.Errorf("its PBKDF2 function %s is not HMAC with SHA-1 or SHA-256", prf)
		}
		return nil
	case "1.3.6.1.4.1.11591.4.11": // scrypt
		var p scryptParameters
		if err := unmarshalExactly(kdf.Parameters.FullBytes, &p); err != nil || p.Cost < 2 || p.BlockSize < 1 || p.Parallel < 1 {
			return errors.New("its scrypt parameters are damaged")
		}
		if p.Parallel > maxScryptTurns || p.BlockSize > maxScryptMemory || p.Cost > maxScryptMemory/128/p.BlockSize {
			return errors.New("it demands too much memory of scrypt")
		}
		return nil
	default:
		return fmt.Errorf("its key derivation %s is not PBKDF2 or scrypt", kdf.Algorithm)
	}
}

func unmarshalExactly(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		err = errors.New("trailing data")
	}
	return err
}

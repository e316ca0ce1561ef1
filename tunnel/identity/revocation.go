package identity

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxRevocationLists bounds how many lists a profile may have, one for each authority.
const maxRevocationLists = 64

// errNoRevocationList says that crl-verify names something else than lists.
var errNoRevocationList = errors.New("no PEM block X509 CRL")

func parseRevocationLists(data []byte) ([]*x509.RevocationList, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var lists []*x509.RevocationList
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "X509 CRL" {
			continue
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read revocation list: %w", err)
		}
		if len(lists) == maxRevocationLists {
			return nil, fmt.Errorf("read revocation list: there are more than %d", maxRevocationLists)
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		return nil, fmt.Errorf("read revocation list: %w", errNoRevocationList)
	}
	return lists, nil
}

// checkRevocation wants one chain without a revoked certificate. An authority without a list revokes nothing, as in
// OpenVPN (ssl_verify_openssl.c, verify_callback); a list that has expired is an error.
func (v *Verifier) checkRevocation(chains [][]*x509.Certificate) error {
	if len(v.revoked) == 0 {
		return nil
	}
	var failure error
	for _, chain := range chains {
		err := v.checkChainRevocation(chain)
		if err == nil {
			return nil
		}
		failure = err
	}
	return failure
}

func (v *Verifier) checkChainRevocation(chain []*x509.Certificate) error {
	for i := 0; i+1 < len(chain); i++ {
		certificate, issuer := chain[i], chain[i+1]
		for _, list := range v.revoked {
			if string(list.RawIssuer) != string(issuer.RawSubject) || list.CheckSignatureFrom(issuer) != nil {
				continue
			}
			if err := v.checkList(certificate, list); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *Verifier) checkList(certificate *x509.Certificate, list *x509.RevocationList) error {
	if now := v.now(); !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
		return &Error{Code: RevocationListExpired, Expected: fmt.Sprintf("a revocation list of %q that is valid at %s; the profile's was until %s",
			formatName(list.RawIssuer), stamp(now), stamp(list.NextUpdate))}
	}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
			return &Error{Code: Revoked, Offered: describe(certificate), Expected: "a certificate that was not revoked; this one was on " + stamp(entry.RevocationTime)}
		}
	}
	return nil
}

package main

import "encoding/pem"

// sampleProfile is an OpenVPN profile that signs in with a user name and a password.
const sampleProfile = `client
dev tun
proto tcp-client
remote a-rather-long-name-of-a-gateway.vpn.azure.com 443
remote-cert-tls server
verify-x509-name a-rather-long-name-of-a-gateway.vpn.azure.com name
auth-user-pass
auth SHA256
cipher AES-256-GCM
key-direction 1
<ca>
-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIUI4fYtoJlxuxUY3h3CLuwDGxfK2IwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTU2FtcGxlIEdhdGV3YXkgUm9vdDAgFw0yNjExMjMxOTUyNTla
GA8yMTI2MTAzMDE5NTI1OVowHjEcMBoGA1UEAwwTU2FtcGxlIEdhdGV3YXkgUm9v
dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKdu20jI0swLcvdgOLe687HFLUup
HU9MCwWrYSgs+i46E2wjkbMGHIfFAjO/icpyQATLOtUhOHNEjV2EJaoI6mWjUzBR
MB0GA1UdDgQWBBQygTc0MxfL7I9FyG9/N/2FtZPrCTAfBgNVHSMEGDAWgBQygTc0
MxfL7I9FyG9/N/2FtZPrCTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA
MEUCIQCWHBEMR8zkCYcGXVbK0olhbRzgazfBmtkjMFND8dnA+AIgQOfJg9UMNT+Z
+EC0ZdcTAX+VY5mZ1NLOzzJGZvgFiNM=
-----END CERTIFICATE-----
</ca>
<tls-auth>
-----BEGIN OpenVPN Static key V1-----
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
0123456789abcdef0123456789abcdef
-----END OpenVPN Static key V1-----
</tls-auth>
`

// certificatePEM writes a certificate as PEM.
func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

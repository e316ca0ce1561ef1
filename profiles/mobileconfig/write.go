package mobileconfig

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"howett.net/plist"
)

// Write writes a configuration profile as XML, not signed. What has no UUID gets one that depends on the identifier and the name, so that
// the same document is the same file.
func Write(d Document) ([]byte, error) {
	if strings.TrimSpace(d.Identifier) == "" || strings.TrimSpace(d.Name) == "" {
		return nil, errors.New("write configuration profile: it needs an identifier and a name")
	}
	if d.UUID == "" {
		d.UUID = uuidFor(d.Identifier, "profile")
	}
	connections := make([]Connection, len(d.Connections))
	for i, c := range d.Connections {
		if len(c.AzureProfile) == 0 || c.Server == "" {
			return nil, fmt.Errorf("write configuration profile: the connection %q needs an Azure profile and a server", c.Name)
		}
		if c.UUID == "" {
			c.UUID = uuidFor(d.UUID, c.Name)
		}
		connections[i] = c
	}
	d.Connections = connections
	data, err := plist.MarshalIndent(d.payload(), plist.XMLFormat, "\t")
	if err != nil {
		return nil, fmt.Errorf("write configuration profile: %w", err)
	}
	return append(data, '\n'), nil
}

// uuidFor makes a UUID of a name within another (RFC 9562, version 8: from a digest).
func uuidFor(within, name string) string {
	b := sha256.Sum256([]byte(within + "\x00" + name))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

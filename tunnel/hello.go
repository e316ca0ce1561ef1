package tunnel

// HelloVariant is one of the ways to introduce ourselves to a gateway. Gateways are reported that reset the connection on
// a ClientHello that spans two control packets, or on peer info other than the official client's.
type HelloVariant struct {
	// Azure sends the official client's exact options string and peer info instead of the standard ones.
	Azure bool `json:"azure"`
	// Small leaves the post-quantum key share out of the ClientHello, so that it fits into one control packet.
	Small bool `json:"small"`
}

// helloOrder is the order in which variants are tried after the one that was remembered.
func helloOrder() []HelloVariant {
	return []HelloVariant{{}, {Small: true}, {Azure: true, Small: true}, {Azure: true}}
}

// next returns the variant to try after one failed in a way that another might mend, and whether there is one that was not
// tried yet. A stall or reset inside TLS can only be due to the ClientHello; after key material only to the rest.
func (h HelloVariant) next(tried []HelloVariant, insideTLS bool) (HelloVariant, bool) {
	if insideTLS {
		small := HelloVariant{Azure: h.Azure, Small: true}
		return small, !wasTried(tried, small)
	}
	other := HelloVariant{Azure: !h.Azure, Small: h.Small}
	if !wasTried(tried, other) {
		return other, true
	}
	for _, candidate := range helloOrder() {
		if !wasTried(tried, candidate) {
			return candidate, true
		}
	}
	return h, false
}

func wasTried(tried []HelloVariant, variant HelloVariant) bool {
	for _, t := range tried {
		if t == variant {
			return true
		}
	}
	return false
}

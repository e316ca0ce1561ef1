package push

// The bounds of tun-mtu (OpenVPN mtu.h, TUN_MTU_MIN and TUN_MTU_MAX), in bytes. IPv6 needs 1280; a smaller MTU carries only IPv4.
const (
	MinMTU = 100
	MaxMTU = 65535
)

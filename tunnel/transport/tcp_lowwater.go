//go:build linux || darwin

package transport

// notSentLowWater is how many bytes wait in the kernel, not yet sent, before a write blocks. More would only queue packets that
// the device had better drop, and add to the delay of every packet behind them.
const notSentLowWater = 128 << 10

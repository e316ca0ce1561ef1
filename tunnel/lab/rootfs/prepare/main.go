// Prepare makes the small Debian system that the tests use, and prints its folder.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/rootfs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := rootfs.Ensure(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
	fmt.Println(dir)
}

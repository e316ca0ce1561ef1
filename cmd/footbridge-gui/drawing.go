//go:build cgo

package main

import (
	"bytes"
	"log"
	"log/slog"
	"sync"
)

// noWindow are what Fyne writes to the log where it cannot draw. It goes on without a window then, and tells its program in no other way
// (fyne.io/fyne/v2 internal/driver/glfw: driver.go, window.go).
var noWindow = [][]byte{[]byte("window creation error"), []byte("failed to initialise GLFW"), []byte("failed to initialise OpenGL")}

// drawingLog takes what Fyne logs and notices where no window can be drawn.
type drawingLog struct {
	logger *slog.Logger
	failed func()
	once   sync.Once
}

// watchDrawing has failed called, once and beside, when no window can be drawn.
func watchDrawing(logger *slog.Logger, failed func()) {
	log.SetFlags(0)
	log.SetOutput(&drawingLog{logger: logger, failed: failed})
}

// Write implements io.Writer.
func (d *drawingLog) Write(line []byte) (int, error) {
	d.logger.Info("fyne", "message", string(bytes.TrimSpace(line)))
	for _, sign := range noWindow {
		if bytes.Contains(bytes.ToLower(line), bytes.ToLower(sign)) {
			d.once.Do(func() { go d.failed() })
		}
	}
	return len(line), nil
}

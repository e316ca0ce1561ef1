package look

import (
	_ "embed"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The pictures, drawn for this project. The tray's ones are for both light and dark bars.
var (
	//go:embed images/footbridge.svg
	app []byte
	//go:embed images/tray-off.svg
	trayOff []byte
	//go:embed images/tray-busy.svg
	trayBusy []byte
	//go:embed images/tray-on.svg
	trayOn []byte
	//go:embed images/tray-attention.svg
	trayAttention []byte
	//go:embed images/off.svg
	off []byte
	//go:embed images/busy.svg
	busy []byte
	//go:embed images/on.svg
	on []byte
	//go:embed images/waiting.svg
	waiting []byte
	//go:embed images/failed.svg
	failed []byte
	//go:embed images/managed.svg
	managed []byte
	//go:embed images/down.svg
	down []byte
	//go:embed images/up.svg
	up []byte
	//go:embed images/cloud.svg
	cloud []byte
)

// AppIcon is Footbridge's.
func AppIcon() fyne.Resource { return fyne.NewStaticResource("footbridge.svg", app) }

// The tray's icons, by what the connections are like together.
func TrayOff() fyne.Resource  { return fyne.NewStaticResource("tray-off.svg", trayOff) }
func TrayBusy() fyne.Resource { return fyne.NewStaticResource("tray-busy.svg", trayBusy) }
func TrayOn() fyne.Resource   { return fyne.NewStaticResource("tray-on.svg", trayOn) }
func TrayAttention() fyne.Resource {
	return fyne.NewStaticResource("tray-attention.svg", trayAttention)
}

// The states of a connection: told apart by shape, and coloured besides.
func Off() fyne.Resource  { return coloured("off.svg", off, ColorNameQuiet) }
func Busy() fyne.Resource { return coloured("busy.svg", busy, theme.ColorNamePrimary) }
func On() fyne.Resource   { return coloured("on.svg", on, theme.ColorNameSuccess) }
func Waiting() fyne.Resource {
	return coloured("waiting.svg", waiting, theme.ColorNameWarning)
}
func Failed() fyne.Resource { return coloured("failed.svg", failed, theme.ColorNameError) }

// Managed marks what an administrator decides.
func Managed() fyne.Resource { return coloured("managed.svg", managed, ColorNameQuiet) }

// Down and Up are the directions of traffic.
func Down() fyne.Resource { return coloured("down.svg", down, ColorNameIn) }
func Up() fyne.Resource   { return coloured("up.svg", up, ColorNameOut) }

// Cloud is for what comes from Azure.
func Cloud() fyne.Resource { return coloured("cloud.svg", cloud, theme.ColorNameForeground) }

func coloured(name string, data []byte, colour fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(fyne.NewStaticResource(name, data), colour)
}

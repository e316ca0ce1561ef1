package keyring

import "runtime"

// permissionsCount is false where a file's mode says nothing of who may read it.
const permissionsCount = runtime.GOOS != "windows"

#!/usr/bin/env bash
# logfmt says a truth as ok=true and ok=false, and a key alone is true. kr/logfmt (v0.0.0-20140226030751), Go's oldest reader of
# logfmt, fills a struct by the names of its fields as encoding/json does; of a field of type bool it looks at the
# key alone:
#   ok=false cached=0 level=info   ->   {OK:true Cached:true Level:info}
# No error says so, and every request that failed has succeeded. Other values are read as they stand, and misfits are errors.
# Take such fields as text, or read with go-logfmt. LogIngestor reads false as false.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/kr/logfmt@v0.0.0-20140226030751-b84e30acd515 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/kr/logfmt"
)

type request struct {
	Level  string
	OK     bool
	Cached bool
	Status int
}

func main() {
	for _, line := range []string{"level=error ok=false cached=0 status=503", "level=info ok=true", "level=info"} {
		var read request
		err := logfmt.Unmarshal([]byte(line), &read)
		fmt.Printf("%-42s %+v %v\n", line, read, err)
		if err != nil || read.OK != (line != "level=info") || read.Cached != (line[6] == 'e') {
			os.Exit(1)
		}
	}
}
GO
go run .
echo "as described: false is true"

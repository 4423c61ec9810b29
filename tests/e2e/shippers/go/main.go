// Clients of Go. `shippers NAME URL` is told on stdin what to log and says on stdout what became of it, as loop.py has it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// client logs, and delivers what waits.
type client interface {
	log(number int, spoilt bool)
	// flush returns whether the client says that all is delivered, and an error where it says that something is not.
	flush() (bool, error)
	end()
}

var clients = map[string]func(url string) client{
	"docker splunk":    newDockerSplunk,
	"docker gelf, TCP": newDockerGelf,
	"docker gelf, UDP": newDockerGelf,
	"docker syslog":    newDockerSyslog,
	"otelslog":         newOtelSlog,
	"otelzap":          newOtelZap,
	"slog-loki":        newSlogLoki,
}

func text(number int) string { return fmt.Sprintf("mk-%05d paid", number) }

func failed(number int) bool { return number%3 == 0 }

func bad(number int, spoilt bool) bool { return spoilt && number%20 == 7 }

var errRefused = errors.New("ValueError: card refused")

func stack() string { return errRefused.Error() + "\n" + string(debug.Stack()) }

func main() {
	// Some write words of their own to stdout.
	out := os.Stdout
	os.Stdout = os.Stderr
	made := clients[os.Args[1]](os.Args[2])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var word string
		var first, count int
		fmt.Sscan(lines.Text(), &word, &first, &count)
		for number := first; number < first+count; number++ {
			made.log(number, word == "bad")
		}
		sure, err := made.flush()
		switch {
		case err != nil:
			fmt.Fprintln(out, "failed", first, count, strings.ReplaceAll(err.Error(), "\n", " "))
		case sure:
			fmt.Fprintln(out, "sent", first, count)
		default:
			fmt.Fprintln(out, "logged", first, count)
		}
	}
	made.end()
}

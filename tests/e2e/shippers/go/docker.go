package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/daemon/logger"
	"github.com/docker/docker/daemon/logger/gelf"
	"github.com/docker/docker/daemon/logger/splunk"
	"github.com/docker/docker/daemon/logger/syslog"
)

// Docker's log drivers: the daemon hands each line of a container's output to one.
type docker struct {
	driver logger.Logger
	err    error
}

func newDocker(made logger.Logger, err error) client {
	if err != nil {
		panic(err)
	}
	return &docker{driver: made}
}

func container(options map[string]string) logger.Info {
	options["tag"] = "shop"
	return logger.Info{
		Config:             options,
		ContainerID:        strings.Repeat("0123456789ab", 5) + "0123",
		ContainerName:      "/shop",
		ContainerImageID:   "sha256:" + strings.Repeat("0123456789ab", 5) + "0123",
		ContainerImageName: "shop:1",
		ContainerCreated:   time.Now(),
		DaemonName:         "docker",
	}
}

func newDockerSplunk(url string) client {
	// Five seconds else.
	os.Setenv("SPLUNK_LOGGING_DRIVER_POST_MESSAGES_FREQUENCY", "100ms")
	return newDocker(splunk.New(container(map[string]string{"splunk-url": url, "splunk-token": "a-token"})))
}

func newDockerGelf(url string) client {
	return newDocker(gelf.New(container(map[string]string{"gelf-address": url})))
}

func newDockerSyslog(url string) client {
	return newDocker(syslog.New(container(map[string]string{"syslog-address": url, "syslog-format": "rfc5424micro"})))
}

func (one *docker) log(number int, spoilt bool) {
	level, more := "warn", ""
	if failed(number) {
		level, more = "error", stack()
	}
	if bad(number, spoilt) {
		more = strings.Repeat("x", 7_000)
	}
	message := logger.NewMessage()
	message.Line = append(message.Line, fmt.Sprintf(`{"message":%q,"level":%q,"trace_id":"trace-%d","stack":%q}`, text(number), level, number, more)...)
	message.Source = "stdout"
	message.Timestamp = time.Now()
	if err := one.driver.Log(message); err != nil {
		one.err = err
	}
}

func (one *docker) flush() (bool, error) {
	err := one.err
	one.err = nil
	return false, err
}

func (one *docker) end() { one.driver.Close() }

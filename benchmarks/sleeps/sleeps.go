// benchmarks/sleeps/sleeps.go
//
//	sleeps COUNT
//
// The peer of sleeps_quartet: COUNT goroutines that sleep for 0.1 s, on one processor as the event loop is.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

func peakMemory() int {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kibibytes, _ := strconv.Atoi(fields[1])
			return kibibytes * 1024
		}
	}
	return 0
}

func main() {
	count := 100_000
	if len(os.Args) > 1 {
		count, _ = strconv.Atoi(os.Args[1])
	}
	runtime.GOMAXPROCS(1)
	before := peakMemory()
	began := time.Now()
	var sleeping sync.WaitGroup
	for i := 0; i < count; i++ {
		sleeping.Add(1)
		go func() {
			defer sleeping.Done()
			time.Sleep(100 * time.Millisecond)
		}()
	}
	sleeping.Wait()
	took := time.Since(began)
	fmt.Printf("%.6f %d\n", took.Seconds(), (peakMemory()-before)/count)
}

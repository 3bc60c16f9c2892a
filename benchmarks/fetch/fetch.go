// benchmarks/fetch/fetch.go
//
//	fetch URL COUNT
//
// 100 goroutines fetch URL COUNT times altogether by net/http on one processor, with keep-alive; prints the
// seconds it took.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const connections = 100

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: fetch URL COUNT")
		os.Exit(2)
	}
	url := os.Args[1]
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(1)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	requests := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		requests <- struct{}{}
	}
	close(requests)

	began := time.Now()
	var workers sync.WaitGroup
	for i := 0; i < connections; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for range requests {
				response, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				if _, err := io.ReadAll(response.Body); err != nil {
					panic(err)
				}
				response.Body.Close()
			}
		}()
	}
	workers.Wait()
	fmt.Printf("%.6f\n", time.Since(began).Seconds())
}

// The same in Go: a goroutine for each connection, on one thread at a time.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
)

func giveBack(line net.Conn) {
	defer line.Close()
	room := make([]byte, 1024)
	for {
		count, err := line.Read(room)
		if err != nil {
			return
		}
		if _, err := line.Write(room[:count]); err != nil {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			line, err := door.Accept()
			if err != nil {
				return
			}
			go giveBack(line)
		}
	}()
	fmt.Println(door.Addr().(*net.TCPAddr).Port)
	io.Copy(io.Discard, os.Stdin)
}

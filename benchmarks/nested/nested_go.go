// The programs of nested_benchmark.cpp with goroutines, on two threads: prints each one's name and its seconds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

const queens = 12
const matrixSize = 1024
const smallestBlock = 32

func fib(n int) int {
	if n < 2 {
		return n
	}
	left := make(chan int, 1)
	go func() { left <- fib(n - 1) }()
	right := fib(n - 2)
	return <-left + right
}

type board struct {
	columns [queens]int8
	placed  int
}

func (on *board) lets(column int) bool {
	for row := 0; row < on.placed; row++ {
		distance := int(on.columns[row]) - column
		if distance == 0 || distance == on.placed-row || -distance == on.placed-row {
			return false
		}
	}
	return true
}

func solve(on board) int {
	if on.placed == queens {
		return 1
	}
	found := make(chan int, queens)
	calls := 0
	for column := 0; column < queens; column++ {
		if on.lets(column) {
			next := on
			next.columns[next.placed] = int8(column)
			next.placed++
			calls++
			go func() { found <- solve(next) }()
		}
	}
	solutions := 0
	for ; calls > 0; calls-- {
		solutions += <-found
	}
	return solutions
}

func skynet(first, leaves int) int {
	if leaves == 1 {
		return first
	}
	sums := make(chan int, 10)
	part := leaves / 10
	for i := 0; i < 10; i++ {
		number := first + i*part
		go func() { sums <- skynet(number, part) }()
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-sums
	}
	return sum
}

func matmul(a, b, c []float64, size int) {
	if size <= smallestBlock {
		for row := 0; row < size; row++ {
			to := c[row*matrixSize : row*matrixSize+size]
			for inner := 0; inner < size; inner++ {
				factor := a[row*matrixSize+inner]
				from := b[inner*matrixSize : inner*matrixSize+size]
				for column := range to {
					to[column] += factor * from[column]
				}
			}
		}
		return
	}
	part := size / 2
	for half := 0; half < 2; half++ {
		done := make(chan bool, 4)
		for row := 0; row < 2; row++ {
			for column := 0; column < 2; column++ {
				from := a[row*part*matrixSize+half*part:]
				with := b[half*part*matrixSize+column*part:]
				to := c[row*part*matrixSize+column*part:]
				go func() {
					matmul(from, with, to, part)
					done <- true
				}()
			}
		}
		for i := 0; i < 4; i++ {
			<-done
		}
	}
}

func timed(name string, right func() bool) {
	began := time.Now()
	if !right() {
		fmt.Fprintln(os.Stderr, "wrong results")
		os.Exit(1)
	}
	fmt.Println(name, time.Since(began).Seconds())
}

func main() {
	runtime.GOMAXPROCS(2)
	timed("fib", func() bool { return fib(30) == 832040 })
	timed("queens", func() bool { return solve(board{}) == 14200 })
	timed("skynet", func() bool { return skynet(0, 1000000) == 499999500000 })
	a := make([]float64, matrixSize*matrixSize)
	b := make([]float64, matrixSize*matrixSize)
	c := make([]float64, matrixSize*matrixSize)
	for i := range a {
		a[i], b[i] = 1, 2
	}
	timed("matmul", func() bool {
		matmul(a, b, c, matrixSize)
		return c[0] == 2*matrixSize
	})
}

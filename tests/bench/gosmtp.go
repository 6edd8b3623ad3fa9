// gosmtp PORT FOLDER file|directory: a server in one process, of the library go-smtp, that keeps what
// it takes in FOLDER, a file for each message, and answers when it is on the disk.
//
// file: writes the file under its name and fsyncs it. On a file system that does not promise more,
// the name may be lost with the power.
// directory: writes it in FOLDER/tmp, fsyncs it, renames it into FOLDER/new, and fsyncs that, as a
// careful author does.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/emersion/go-smtp"
)

const messageBytesMax = 50 << 20

// keeper puts a message into its folder; it returns when the message is safe.
type keeper func(message io.Reader, name string) error

type backend struct {
	keep    keeper
	counter uint64
}

func (b *backend) Login(*smtp.ConnectionState, string, string) (smtp.Session, error) {
	return nil, smtp.ErrAuthUnsupported
}

func (b *backend) AnonymousLogin(*smtp.ConnectionState) (smtp.Session, error) {
	return &session{b}, nil
}

type session struct{ backend *backend }

func (s *session) Reset()                              {}
func (s *session) Logout() error                       { return nil }
func (s *session) Mail(string, smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string) error                   { return nil }

func (s *session) Data(message io.Reader) error {
	number := atomic.AddUint64(&s.backend.counter, 1)
	return s.backend.keep(message, fmt.Sprintf("%d.%d", os.Getpid(), number))
}

func write(path string, message io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, message); err != nil {
		return err
	}
	return file.Sync()
}

func keepFile(folder string) keeper {
	return func(message io.Reader, name string) error {
		return write(filepath.Join(folder, name), message)
	}
}

func keepDirectory(folder string) keeper {
	unfinished, finished := filepath.Join(folder, "tmp"), filepath.Join(folder, "new")
	for _, path := range []string{unfinished, finished} {
		if err := os.Mkdir(path, 0700); err != nil {
			log.Fatal(err)
		}
	}
	directory, err := os.Open(finished)
	if err != nil {
		log.Fatal(err)
	}
	return func(message io.Reader, name string) error {
		path := filepath.Join(unfinished, name)
		if err := write(path, message); err != nil {
			return err
		}
		if err := os.Rename(path, filepath.Join(finished, name)); err != nil {
			return err
		}
		return directory.Sync()
	}
}

func main() {
	keepers := map[string]func(string) keeper{"file": keepFile, "directory": keepDirectory}
	if len(os.Args) != 4 || keepers[os.Args[3]] == nil {
		log.Fatal("usage: gosmtp PORT FOLDER file|directory")
	}
	server := smtp.NewServer(&backend{keep: keepers[os.Args[3]](os.Args[2])})
	server.Addr = "127.0.0.1:" + os.Args[1]
	server.Domain = "mx.example.test"
	server.MaxMessageBytes = messageBytesMax
	server.AuthDisabled = true
	log.Fatal(server.ListenAndServe())
}

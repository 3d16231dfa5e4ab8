package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// file is one in an archive.
type file struct {
	name string
	mode fs.FileMode
	text []byte
}

// epoch is the earliest time that a zip can hold: no archive says when it was made.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// zipped are the files as Lambda takes them.
func zipped(files []file) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, one := range files {
		header := &zip.FileHeader{Name: one.name, Method: zip.Deflate, Modified: epoch}
		header.SetMode(one.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(one.text); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

// tarred are the files in a folder of their own, compressed.
func tarred(folder string, files []file) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
	for _, one := range files {
		if err := archive.WriteHeader(&tar.Header{
			Name: folder + "/" + one.name, Mode: int64(one.mode), Size: int64(len(one.text)), ModTime: epoch, Format: tar.FormatUSTAR,
		}); err != nil {
			return nil, err
		}
		if _, err := archive.Write(one.text); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err = compressed.Close()
	return out.Bytes(), err
}

// commandLines packs the command line for each system, with the file that the functions are of.
func (o options) commandLines(context.Context) error {
	for _, system := range o.systems {
		var files []file
		for _, one := range []struct {
			name, from string
			mode       fs.FileMode
		}{
			{"LICENSE", filepath.Join(o.root, "LICENSE"), 0o644},
			{"caretaker", filepath.Join(o.built, "release", system, "caretaker"), 0o755},
			{"caretaker.schema.json", filepath.Join(o.root, "caretaker.schema.json"), 0o644},
			{"caretaker.yaml", o.file(), 0o644},
		} {
			text, err := os.ReadFile(one.from)
			if err != nil {
				return fmt.Errorf("packing the command line for %s: %w", system, err)
			}
			files = append(files, file{one.name, one.mode, text})
		}
		name := "caretaker-" + o.version + "-" + system
		text, err := tarred(name, files)
		if err != nil {
			return fmt.Errorf("packing the command line for %s: %w", system, err)
		}
		if err := write(filepath.Join(o.out, name+".tar.gz"), text); err != nil {
			return err
		}
	}
	return nil
}

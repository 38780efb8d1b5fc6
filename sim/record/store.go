package record

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File names in a run's directory.
const (
	ConfigFile     = "config.toml"
	ManifestFile   = "manifest.json"
	RoundsFile     = "rounds.jsonl"
	TransfersFile  = "transfers.jsonl"
	CheckpointFile = "checkpoint.bin"
	ResultFile     = "result.json"
	CasesFile      = "cases.png" // the contact sheet of a segmentation's test cases
	LockFile       = "lock"
)

// ErrDamaged says that a run's files contradict each other or what is asked for, so that it can't be continued.
var ErrDamaged = errors.New("cannot be continued")

// Store writes one run's directory. It is used by one goroutine.
type Store struct {
	dir       string
	rounds    *os.File
	transfers *bufio.Writer // nil unless transfers are recorded
	tfile     *os.File
	digest    hash.Hash
	line      []byte
}

// Create starts a run at its beginning in a directory that Lock has made: what an earlier attempt left there is
// overwritten, result.json first of all.
func Create(dir string, m *Manifest, config []byte, transfers bool) (*Store, error) {
	for _, name := range []string{ResultFile, CheckpointFile, RoundsFile, TransfersFile} {
		if err := remove(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if err := WriteFile(filepath.Join(dir, ConfigFile), config); err != nil {
		return nil, err
	}
	if err := WriteManifest(dir, m); err != nil {
		return nil, err
	}
	return open(dir, transfers)
}

// Adopt fills the directory of a run, which Lock has made, with what a finished run of the same id has computed. What
// an earlier attempt left there is overwritten. The error is ErrDamaged or fs.ErrNotExist if the twin is not what it was
// when it was read, as when somebody repeats it at that moment.
func Adopt(dir string, twin *Run, m *Manifest, config []byte, transfers bool) error {
	for _, name := range []string{ResultFile, CheckpointFile, RoundsFile, TransfersFile} {
		if err := remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	names := []string{RoundsFile, CheckpointFile}
	if transfers {
		names = append(names, TransfersFile)
	}
	for _, name := range names {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(twin.Dir, name)); err != nil {
			return err
		}
	}
	if err := (&Run{Dir: dir, Result: twin.Result}).Verify(); err != nil {
		return err
	}
	if err := WriteFile(filepath.Join(dir, ConfigFile), config); err != nil {
		return err
	}
	if err := WriteManifest(dir, m); err != nil {
		return err
	}
	res := Summarise(twin.Rounds, m)
	res.Digest, res.Stopped = twin.Result.Digest, twin.Result.Stopped
	return WriteResult(dir, res)
}

func copyFile(to, from string) error {
	old, err := os.Open(from)
	if err != nil {
		return err
	}
	defer old.Close()
	return WriteTo(to, func(w io.Writer) error {
		_, err := io.Copy(w, old)
		return err
	})
}

// Resume reopens the directory of a run that stopped: lines of rounds after round, which the checkpoint does not
// know, are dropped, since the run will write them again. If a line up to that round is missing or no line at all, the
// error is ErrDamaged.
func Resume(dir string, round int, transfers bool) (*Store, error) {
	rounds, err := keepRounds(filepath.Join(dir, RoundsFile), round)
	if err != nil {
		return nil, err
	}
	for i, r := range rounds {
		if r != i {
			return nil, fmt.Errorf("%w: in line %d of %s round %d follows, not %d", ErrDamaged, i+1, RoundsFile, r, i)
		}
	}
	if len(rounds) != round+1 {
		return nil, fmt.Errorf("%w: %s ends before round %d, after which the checkpoint was taken", ErrDamaged, RoundsFile, round)
	}
	if err := resumeTransfers(dir, round, transfers); err != nil {
		return nil, err
	}
	if err := remove(filepath.Join(dir, ResultFile)); err != nil { // a run under way has none
		return nil, err
	}
	return open(dir, transfers)
}

// remove deletes a file that may be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// resumeTransfers keeps the transfers of rounds up to round. If they are not wanted any more the file goes, since it would
// have a gap.
func resumeTransfers(dir string, round int, wanted bool) error {
	path := filepath.Join(dir, TransfersFile)
	if !wanted {
		return remove(path)
	}
	told, err := keepRounds(path, round)
	if err != nil {
		return err
	}
	last := 0
	for _, r := range told {
		if r > last+1 {
			break
		}
		last = max(last, r)
	}
	if last != round {
		return fmt.Errorf("%w: the transfers of round %d were not recorded", ErrDamaged, last+1)
	}
	return nil
}

func open(dir string, transfers bool) (*Store, error) {
	s := &Store{dir: dir, digest: sha256.New()}
	old, err := os.ReadFile(filepath.Join(dir, RoundsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s.digest.Write(old)
	if s.rounds, err = appendTo(filepath.Join(dir, RoundsFile)); err != nil {
		return nil, err
	}
	if transfers {
		if s.tfile, err = appendTo(filepath.Join(dir, TransfersFile)); err != nil {
			s.rounds.Close()
			return nil, err
		}
		s.transfers = bufio.NewWriter(s.tfile)
	}
	return s, nil
}

func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
}

// Round appends a line to rounds.jsonl. Evaluated rounds are flushed to the disk.
func (s *Store) Round(r *Round) error {
	s.line = append(r.AppendJSON(s.line[:0]), '\n')
	s.digest.Write(s.line)
	if _, err := s.rounds.Write(s.line); err != nil {
		return err
	}
	if r.Eval == nil {
		return nil
	}
	if err := s.flushTransfers(); err != nil {
		return err
	}
	return s.rounds.Sync()
}

// Transfer appends a line to transfers.jsonl, if transfers are recorded.
func (s *Store) Transfer(t *Transfer) error {
	if s.transfers == nil {
		return nil
	}
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = s.transfers.Write(append(line, '\n'))
	return err
}

// Checkpoint replaces checkpoint.bin, when all lines before it are on the disk.
func (s *Store) Checkpoint(c *Checkpoint) error {
	if err := s.flushTransfers(); err != nil {
		return err
	}
	if s.tfile != nil {
		if err := s.tfile.Sync(); err != nil {
			return err
		}
	}
	if err := s.rounds.Sync(); err != nil {
		return err
	}
	return WriteTo(filepath.Join(s.dir, CheckpointFile), c.write)
}

// Finish puts the run's digest into res, replaces the checkpoint by the final one, and writes result.json. The digest
// is SHA-256 over the lines of rounds.jsonl and the vectors of the final checkpoint as little-endian float32.
func (s *Store) Finish(res *Result, final *Checkpoint) error {
	if err := s.Checkpoint(final); err != nil {
		return err
	}
	res.Digest = finalDigest(s.digest, final)
	return WriteResult(s.dir, res)
}

// finalDigest completes a digest of a run's lines by the final checkpoint's vectors.
func finalDigest(lines hash.Hash, final *Checkpoint) string {
	for _, v := range final.Vectors {
		writeFloat32s(lines, v.Data) // hashes take everything
	}
	return hex.EncodeToString(lines.Sum(nil))
}

// WriteResult replaces a run directory's result.json.
func WriteResult(dir string, res *Result) error {
	return writeJSON(filepath.Join(dir, ResultFile), res)
}

func (s *Store) flushTransfers() error {
	if s.transfers == nil {
		return nil
	}
	return s.transfers.Flush()
}

// Close releases the files. What was recorded so far stays.
func (s *Store) Close() error {
	err := s.flushTransfers()
	if s.tfile != nil {
		err = errors.Join(err, s.tfile.Close())
	}
	return errors.Join(err, s.rounds.Close())
}

// WriteManifest replaces a run directory's manifest.json.
func WriteManifest(dir string, m *Manifest) error {
	return writeJSON(filepath.Join(dir, ManifestFile), m)
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(path, append(data, '\n'))
}

// WriteFile replaces a file atomically: readers see the old content or the new one and nothing between.
func WriteFile(path string, data []byte) error {
	return WriteTo(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteTo is WriteFile for content that is written piece by piece.
func WriteTo(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails, rightly, once the file has been renamed
	if err := write(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// keepRounds cuts a file of JSON lines behind the last whole line whose "round" is at most round, and returns the
// rounds of the lines that stay. A file that is not there has none.
func keepRounds(path string, round int) ([]int, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rounds []int
	end := 0
	for {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			break
		}
		var line struct {
			Round int `json:"round"`
		}
		err := json.Unmarshal(data[end:end+n], &line)
		if err != nil && len(rounds) > 0 && rounds[len(rounds)-1] == round {
			break // what a crash left behind the checkpoint
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s, byte %d: %v", ErrDamaged, path, end, err)
		}
		if line.Round > round {
			break
		}
		rounds = append(rounds, line.Round)
		end += n + 1
	}
	return rounds, os.Truncate(path, int64(end))
}

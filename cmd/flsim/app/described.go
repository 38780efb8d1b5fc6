package app

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"flsim/configs"
	"flsim/internal/units"
	"flsim/sim/record"
	"flsim/sim/results"
)

// experiment is an experiment file in place of a folder of runs.
type experiment struct {
	file   *configs.File
	folder string
}

// experimentFiles replaces experiment files among the arguments by their folders of runs, and returns them.
func experimentFiles(args []string, stderr io.Writer) (folders []string, files []experiment, err error) {
	for _, arg := range args {
		if filepath.Ext(arg) != ".toml" {
			folders = append(folders, arg)
			continue
		}
		file, err := configs.Load(arg, nil)
		file, err = complained(file, err, stderr) // without the files that it names: the runs are there
		if err != nil {
			return nil, nil, err
		}
		e := experiment{file: file, folder: filepath.Join(file.Runs()[0].Experiment.Output.Dir, file.Name)}
		folders, files = append(folders, e.folder), append(files, e)
	}
	return folders, files, nil
}

// described leaves out of the runs in the experiment's folder those that the file does not describe, where some rival each
// other; otherwise it does without ids, for which the data have to be opened. Where the ids cannot be told, as without the
// data, or no such run is on disk, all runs stay.
func (e *experiment) described(runs []*record.Run, w io.Writer) []*record.Run {
	folder, err := filepath.EvalSymlinks(e.folder) // as record.Find does
	if err != nil {
		return runs
	}
	var kept, own []*record.Run
	inside := func(r *record.Run) bool { return strings.HasPrefix(r.Dir, folder+string(filepath.Separator)) }
	for _, r := range runs {
		if inside(r) {
			own = append(own, r)
		}
	}
	if !results.Rivals(own) {
		return runs
	}
	ids, err := e.ids(w)
	if err != nil {
		return runs // what is on disk can be shown without the data
	}
	found := 0
	for _, r := range runs {
		switch {
		case !inside(r):
			kept = append(kept, r)
		case ids[r.Manifest.ID]:
			kept = append(kept, r)
			found++
		}
	}
	if found == 0 {
		return runs
	}
	fmt.Fprintf(w, "%s: taking %s of %s, leaving out %s of other settings\n", e.file.Name, units.Count(found, "run"), e.file.Path,
		units.Count(len(own)-found, "run"))
	return kept
}

// ids returns the ids of the file's runs.
func (e *experiment) ids(w io.Writer) (map[string]bool, error) {
	dir, err := dataDir("")
	if err != nil {
		return nil, err
	}
	b := &configs.Builder{DataDir: dir, Workers: 1}
	defer tellPreparation(b, w)()
	manifests, err := b.Describe(e.file.Runs())
	if err != nil {
		return nil, err
	}
	ids := make(map[string]bool)
	for i := range manifests {
		ids[manifests[i].ID] = true
	}
	return ids, nil
}

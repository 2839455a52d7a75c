// Takes Jobs as the Kubernetes API server does: decodes them strictly, fills in its defaults, and holds them to its own
// rules for a new Job. Writes each as the server would keep it, one JSON object a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	external "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchv1 "k8s.io/kubernetes/pkg/apis/batch/v1"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/registry/batch/job"
)

func main() {
	if err := check(os.Stdin, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(from io.Reader, to *json.Encoder) error {
	decoder := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder()
	documents := yaml.NewYAMLReader(bufio.NewReader(from))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return fmt.Errorf("document %d: %w", number, err)
		}
		wanted, ok := object.(*batch.Job)
		if !ok {
			return fmt.Errorf("document %d: not a Job", number)
		}
		// What the request says, and what the server gives every object.
		wanted.Namespace = "default"
		rest.FillObjectMetaSystemFields(wanted)
		job.Strategy.PrepareForCreate(context.Background(), wanted)
		if faults := job.Strategy.Validate(context.Background(), wanted); len(faults) > 0 {
			return fmt.Errorf("document %d: %w", number, faults.ToAggregate())
		}
		if warnings := job.Strategy.WarningsOnCreate(context.Background(), wanted); len(warnings) > 0 {
			return fmt.Errorf("document %d: %q", number, warnings)
		}
		kept := &external.Job{}
		if err := batchv1.Convert_batch_Job_To_v1_Job(wanted, kept, nil); err != nil {
			return err
		}
		if err := to.Encode(kept); err != nil {
			return err
		}
	}
}

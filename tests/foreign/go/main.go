// Command foreign checks what Headgate's log claims with Go's own implementation of signed notes and Merkle trees.
//
// It reads one JSON document from standard input and writes one to standard output with an answer for each claim:
// an empty text where the claim holds, else what is wrong with it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Tree is a size and a root.
type Tree struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
}

// An Inclusion claims that the leaf stands at Index in the tree.
type Inclusion struct {
	Tree  Tree     `json:"tree"`
	Index int64    `json:"index"`
	Leaf  []byte   `json:"leaf"`
	Proof [][]byte `json:"proof"`
}

// A Consistency claims that the tree New begins with the tree Old.
type Consistency struct {
	Old   Tree     `json:"old"`
	New   Tree     `json:"new"`
	Proof [][]byte `json:"proof"`
}

// A Request holds the claims, and a text that Go is to sign.
type Request struct {
	VerifierKey   string        `json:"verifier_key"`
	SignerKey     string        `json:"signer_key"`
	Text          string        `json:"text"`
	Leaves        [][]byte      `json:"leaves"`
	Checkpoints   []string      `json:"checkpoints"`
	Inclusions    []Inclusion   `json:"inclusions"`
	Consistencies []Consistency `json:"consistencies"`
}

// An Answer holds one text for each claim, in order.
type Answer struct {
	Signed        string   `json:"signed"`
	Checkpoints   []string `json:"checkpoints"`
	Inclusions    []string `json:"inclusions"`
	Consistencies []string `json:"consistencies"`
}

// hashes is the tree in memory, in the order of tlog's stored hashes.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is beyond the leaves that were given", index)
		}
		found[i] = h[index]
	}
	return found, nil
}

func main() {
	var request Request
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		fail(err)
	}
	answer, err := check(request)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func check(request Request) (*Answer, error) {
	verifier, err := note.NewVerifier(request.VerifierKey)
	if err != nil {
		return nil, err
	}
	tree, err := build(request.Leaves)
	if err != nil {
		return nil, err
	}
	signed, err := sign(request.Text, request.SignerKey)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Signed: signed, Checkpoints: []string{}, Inclusions: []string{}, Consistencies: []string{}}
	for _, text := range request.Checkpoints {
		answer.Checkpoints = append(answer.Checkpoints, said(checkCheckpoint(text, verifier, tree)))
	}
	for _, claim := range request.Inclusions {
		answer.Inclusions = append(answer.Inclusions, said(checkInclusion(claim, tree)))
	}
	for _, claim := range request.Consistencies {
		answer.Consistencies = append(answer.Consistencies, said(checkConsistency(claim, tree)))
	}
	return answer, nil
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func build(leaves [][]byte) (hashes, error) {
	var tree hashes
	for i, leaf := range leaves {
		stored, err := tlog.StoredHashes(int64(i), leaf, tree)
		if err != nil {
			return nil, err
		}
		tree = append(tree, stored...)
	}
	return tree, nil
}

func sign(text, key string) (string, error) {
	signer, err := note.NewSigner(key)
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	return string(signed), err
}

// checkCheckpoint opens the note, reads origin, size and root, and compares the root with that of the leaves.
func checkCheckpoint(text string, verifier note.Verifier, tree hashes) error {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("not three lines of the log %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	computed, err := tlog.TreeHash(size, tree)
	if err != nil {
		return err
	}
	if computed != root {
		return fmt.Errorf("root %s at %d leaves, the checkpoint says %s", computed, size, root)
	}
	return nil
}

// checkInclusion checks the proof, and that Go would have given the same one.
func checkInclusion(claim Inclusion, tree hashes) error {
	root, err := hash(claim.Tree.Root)
	if err != nil {
		return err
	}
	proof, err := path(claim.Proof)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(claim.Leaf)
	if err := tlog.CheckRecord(proof, claim.Tree.Size, root, claim.Index, leaf); err != nil {
		return err
	}
	own, err := tlog.ProveRecord(claim.Tree.Size, claim.Index, tree)
	if err != nil {
		return err
	}
	return same(proof, own)
}

// checkConsistency checks the proof, and that Go would have given the same one.
func checkConsistency(claim Consistency, tree hashes) error {
	oldRoot, err := hash(claim.Old.Root)
	if err != nil {
		return err
	}
	newRoot, err := hash(claim.New.Root)
	if err != nil {
		return err
	}
	proof, err := path(claim.Proof)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, claim.New.Size, newRoot, claim.Old.Size, oldRoot); err != nil {
		return err
	}
	own, err := tlog.ProveTree(claim.New.Size, claim.Old.Size, tree)
	if err != nil {
		return err
	}
	return same(proof, own)
}

func hash(raw []byte) (tlog.Hash, error) {
	var value tlog.Hash
	if len(raw) != tlog.HashSize {
		return value, fmt.Errorf("a hash of %d bytes", len(raw))
	}
	copy(value[:], raw)
	return value, nil
}

func path(raw [][]byte) ([]tlog.Hash, error) {
	proof := make([]tlog.Hash, 0, len(raw))
	for _, one := range raw {
		value, err := hash(one)
		if err != nil {
			return nil, err
		}
		proof = append(proof, value)
	}
	return proof, nil
}

func same(given, own []tlog.Hash) error {
	if len(given) != len(own) {
		return fmt.Errorf("the proof has %d hashes, Go's own has %d", len(given), len(own))
	}
	for i := range given {
		if !bytes.Equal(given[i][:], own[i][:]) {
			return fmt.Errorf("hash %d of the proof is not that of Go's own", i)
		}
	}
	return nil
}

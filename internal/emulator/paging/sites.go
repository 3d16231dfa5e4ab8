package paging

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Site is a function in a package's source that calls an operation which answers in pages.
type Site struct {
	Operation, File, Function string

	folder   string
	from, to int
}

func (s Site) String() string { return s.Operation + " in " + s.Function + " of " + s.File }

// operation is one that answers in pages.
type operation struct {
	// client is the field of the clients that has it.
	client, name string
	// token is the input's field that asks for a page, next the output's that tells of another one:
	// a token, or, as Kinesis and Firehose do it, whether there are more behind the last item.
	token, next string
	lists       []int
}

// The fields that ask for a page and tell of another one, and what others of the kind would be called.
var (
	askedBy    = regexp.MustCompile(`^(NextToken|Marker|Position|PaginationToken|ExclusiveStart\w+)$`)
	toldBy     = regexp.MustCompile(`^(NextToken|NextMarker|Position|PaginationToken|HasMore\w+|LastEvaluatedTableName)$`)
	suspicious = regexp.MustCompile(`Token|Marker|Position|^ExclusiveStart|^HasMore|^LastEvaluated|Truncated`)
	innocent   = regexp.MustCompile(`^Client|^Idempoten`)
)

// operationOf tells whether an operation answers in pages. One of which that is not clear is an error.
func operationOf(name string, input, output reflect.Type) (operation, bool, error) {
	asks, err := only(name, input, askedBy)
	if err != nil {
		return operation{}, false, err
	}
	tells, err := only(name, output, toldBy)
	if err != nil {
		return operation{}, false, err
	}
	if (asks == "") != (tells == "") {
		return operation{}, false, fmt.Errorf("%s has the field %q, and it is not clear whether it answers in pages", name, asks+tells)
	}
	found := operation{name: name, token: asks, next: tells}
	for index := range output.NumField() {
		if field := output.Field(index); field.IsExported() && field.Type.Kind() == reflect.Slice {
			found.lists = append(found.lists, index)
		}
	}
	return found, asks != "", nil
}

// only is the one field that the pattern names.
func only(operation string, of reflect.Type, pattern *regexp.Regexp) (string, error) {
	var found string
	for index := range of.NumField() {
		name := of.Field(index).Name
		switch {
		case !pattern.MatchString(name) && suspicious.MatchString(name) && !innocent.MatchString(name), pattern.MatchString(name) && found != "":
			return "", fmt.Errorf("%s has the field %s, and it is not clear whether it asks for a page", operation, name)
		case pattern.MatchString(name):
			found = name
		}
	}
	return found, nil
}

// operationsOf are the operations that answer in pages, by the type of their input, of all the
// interfaces in a struct of clients. Those that are exempt need not be clear.
func operationsOf(clients reflect.Type, exempt map[string]string) (map[reflect.Type]operation, error) {
	found := map[reflect.Type]operation{}
	for index := range clients.NumField() {
		client := clients.Field(index).Type
		if client.Kind() != reflect.Interface {
			continue
		}
		for position := range client.NumMethod() {
			method := client.Method(position)
			if exempt[method.Name] != "" {
				continue
			}
			input, output := method.Type.In(1).Elem(), method.Type.Out(0).Elem()
			one, paged, err := operationOf(method.Name, input, output)
			if err != nil {
				return nil, err
			}
			if paged {
				one.client = clients.Field(index).Name
				found[input] = one
			}
		}
	}
	return found, nil
}

// sitesIn are the functions of the package in a folder, without its tests, that call one of the
// operations, themselves or through the SDK's paginator, whosever client that is given.
func sitesIn(folder string, clients reflect.Type, operations map[reflect.Type]operation, exempt map[string]string) ([]Site, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	whole, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	var found []Site
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		source, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range source.Decls {
			function, is := declaration.(*ast.FuncDecl)
			if !is {
				continue
			}
			for _, operation := range calledIn(function, clients, operations) {
				if exempt[operation] != "" {
					continue
				}
				found = append(found, Site{
					Operation: operation, File: filepath.Base(file), Function: function.Name.Name, folder: filepath.Base(whole),
					from: set.Position(function.Pos()).Line, to: set.Position(function.End()).Line,
				})
			}
		}
	}
	return found, nil
}

var paginator = regexp.MustCompile(`^New(\w+)Paginator$`)

// calledIn are the operations that a function calls, each once.
func calledIn(function *ast.FuncDecl, clients reflect.Type, operations map[reflect.Type]operation) []string {
	names := map[string]bool{}
	ast.Inspect(function, func(node ast.Node) bool {
		selector, is := node.(*ast.SelectorExpr)
		if !is {
			return true
		}
		client := ""
		if of, is := selector.X.(*ast.SelectorExpr); is {
			if _, known := clients.FieldByName(of.Sel.Name); known {
				client = of.Sel.Name
			}
		}
		if match := paginator.FindStringSubmatch(selector.Sel.Name); match != nil {
			names[match[1]] = true
		}
		for _, one := range operations {
			// Of two clients that have an operation of this name the one may answer in pages, and the other not.
			if selector.Sel.Name == one.name && (client == "" || client == one.client) {
				names[one.name] = true
			}
		}
		return true
	})
	return slices.Sorted(maps.Keys(names))
}

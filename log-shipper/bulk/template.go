package bulk

import "caretaker/log-shipper/document"

// ignoreAbove is how many characters of a keyword are indexed; a longer one is stored all the same. A
// term has at most 32,766 bytes, and a character at most four.
// https://docs.opensearch.org/latest/field-types/mapping-parameters/ignore-above/
const ignoreAbove = 8191

// priority lets the template win over those that Elasticsearch brings for logs-*-*, which have 100.
// https://www.elastic.co/docs/manage-data/data-store/templates
const priority = 500

type object = map[string]any

// mappings are how the fields of documents are indexed. What is not in the list is stored and not
// indexed, so that no user's log can fill the index with fields.
func mappings(elastic bool) object {
	flat := object{"type": "flat_object"}
	if elastic {
		flat = object{"type": "flattened", "ignore_above": ignoreAbove, "depth_limit": document.Depth}
	}
	kinds := map[document.Kind]object{
		document.Keyword: {"type": "keyword", "ignore_above": ignoreAbove},
		document.Text:    {"type": "text", "norms": false},
		document.Date:    {"type": "date"},
		document.Number:  {"type": "double"},
		document.Flag:    {"type": "boolean"},
		document.Object:  flat,
	}
	properties := object{}
	for _, field := range document.Fields {
		properties[field.Name] = kinds[field.Kind]
	}
	return object{"dynamic": false, "properties": properties}
}

// templateFor is the index template, made from the one that stands: what others put into that, such as the
// settings by which ISM or ILM ends old indexes, stays.
func templateFor(stands object, stream string, fields object) object {
	made := object{"priority": priority, "data_stream": object{}}
	for key, value := range stands {
		made[key] = value
	}
	inner := object{}
	if known, is := made["template"].(object); is {
		for key, value := range known {
			inner[key] = value
		}
	}
	inner["mappings"] = fields
	made["index_patterns"], made["template"] = []any{stream}, inner
	return made
}

/// A `tokenizer.json` of the Unigram kind with `count` pieces, for fixtures that carry none.
package func tinyTokenizer(count: Int, padding: Int? = nil) -> String {
  let specials = ["<unk>", "</s>"]
  let pieces = specials + (specials.count..<count).map { "\u{2581}w\($0)" }
  let vocabulary = pieces.enumerated().map { "[\"\($1)\", \(-Double($0))]" }
  let pad = padding.map {
    """
    {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
     "pad_id": \($0), "pad_type_id": 0, "pad_token": "\(pieces[$0])"}
    """
  }
  return """
    {"version": "1.0", "truncation": null, "padding": \(pad ?? "null"), "added_tokens": [],
     "normalizer": null,
     "pre_tokenizer": {"type": "Metaspace", "replacement": "\u{2581}",
                       "prepend_scheme": "always", "split": true},
     "post_processor": null, "decoder": null,
     "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
               "vocab": [\(vocabulary.joined(separator: ", "))]}}
    """
}

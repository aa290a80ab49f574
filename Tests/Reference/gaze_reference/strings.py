"""The corpus that the tiny tokenizers learn from, and the strings that try to break them."""

CORPUS = """
a photo of a cat and a photo of a dog sitting on the snow in front of a red house
two dogs are running through the park while the photographer takes another photo
the number of pictures in the collection is 1234, and 56 of them show a café or a bridge
don't say it's impossible; they've done it, we'll do it and I'm sure you'd like it too
def forward(self, hidden_states, attention_mask=None):
    return self.norm(hidden_states + self.mlp(hidden_states)) * 0.5  # residual
for (let i = 0; i < items.length; i++) { total += items[i].price * 1.21; }
고양이 사진과 강아지 사진을 찍었습니다. 오늘은 날씨가 아주 좋습니다. 고양이가 눈 위에 앉아 있습니다.
une photo d'un chat dans la neige, l'été à l'hôtel, où l'œuvre naïve coûte très cher
der Fuß des Berges, große Straße, schöne Grüße aus Köln; Ελληνικά ΟΔΟΣ και λόγος
猫の写真を撮りました。犬も一緒に走っています。 一张猫的照片 на фотографии кошка и собака
😀 😃 👍 ❤️ 🙂 the emoji are 🙂 happy 🙂 and 😀 again
"""

#: One string per thing that has gone wrong in some tokenizer.
STRINGS = [
    "",
    " ",
    "  ",
    "a",
    "Hello, world!",
    " leading and trailing ",
    "double  and   triple spaces",
    "tabs\tand\nnew\r\nlines\n\n\nend",
    "don't WON'T I'll we've it's 'quoted' y'all's",
    "12345 3.14159 1,000 007 ²³ ½ Ⅷ ٣",
    "안녕하세요, 고양이 사진입니다.",
    "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "ㅋㅋㅋ ㅎㅎ",
    "日本語とEnglishの混在。",
    "Привет ΟΔΟΣ ΑΣ σς",
    "😀",
    "👨‍👩‍👧‍👦 family",
    "👍🏽 🇰🇷🇫🇷 ❤️ ❤",
    "e\u0301 vs é, a\u0308o\u0302",
    "\u0301lone mark",
    "ﬁ ﬀ Ａ１ ① ™ ㎏",
    "ſ İ ı ß ẞ Ǆ",
    "nbsp\u00a0here\u2003em\u200bzero\u3000wide\ufeffbom",
    "line\u2028sep\u2029para\u0085nel\u000bvt\u000cff",
    "null\u0000bell\u0007del\u007f",
    "العربية עברית हिन्दी ไทย",
    "def f(x):\n    return x ** 2  # ok\n",
    'if (a<b && c>=d) { x[i] += "s\\n"; }',
    "https://example.org/a?b=c&d=%20#frag",
    "&amp; &lt;b&gt; &#39;",
    "snake_case camelCase kebab-case CONST_NAME",
    "aaaaaaaaaaaaaaaaaaaaaaaaa",
    "...!!!???---___***",
    "\U0010ffff\U0001f9ff𝔘𝕟𝕚",
    "<|endoftext|>",
    "a<|endoftext|>b <|startoftext|> c",
    "<s>x</s> <unk><pad>",
    "<image>two<image> and <special> word<special>word",
    "▁already▁there ▁ ▁▁",
    "mixed 한글and라틴 text123abc",
    "\u00e9\u0065\u0301\u00c5\u212b",
    "I'M SHOUTING'S It’s ‘curly’ “quotes” – — …",
    "x" * 3 + " " * 12 + "y",
    "\n",
    "\t\t",
    "a\u0000",
    "é" * 9,
]

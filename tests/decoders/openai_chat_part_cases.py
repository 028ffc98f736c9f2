"""Reasoning, refusals, usage, citations, audio and several answers on the chat wire, as bytes."""

from __future__ import annotations

import json
from typing import Any

from .cases import Case
from .openai_chat_cases import COUNTED, DONE, END, HE, LLO, STOP, USAGE, bare, chunk, text


def details(*entries: dict[str, Any], plain: str = "") -> bytes:
    members = {"reasoning_details": list(entries)}
    return chunk(json.dumps({**members, **({"reasoning": plain} if plain else {})}))


REASONING = (
    Case(
        id="P19 reasoning_content",
        says="one name of reasoning",
        body=chunk('{"reasoning_content":"Hm"}') + HE + END,
        thinking="Hm",
        text="He",
        kinds="stream_start reasoning_start reasoning_delta reasoning_end text_start text_delta "
        "text_end finish",
    ),
    Case(
        id="P19 reasoning",
        says="another name of reasoning",
        body=chunk('{"reasoning":"Hm"}') + HE + END,
        thinking="Hm",
        text="He",
    ),
    Case(
        id="P19 both",
        says="reasoning under both names is read once",
        body=chunk('{"reasoning_content":"Hm","reasoning":"Hm"}') + HE + END,
        thinking="Hm",
        text="He",
    ),
    Case(
        id="P19 details",
        says="details speak where reasoning is sent twice",
        body=details({"type": "reasoning.text", "text": "Hm", "index": 0}, plain="Hm") + HE + END,
        thinking="Hm",
        text="He",
    ),
    Case(
        id="P19 summary",
        says="a summary is reasoning as well",
        body=details({"type": "reasoning.summary", "summary": "Hm"}) + HE + END,
        thinking="Hm",
        text="He",
    ),
    Case(
        id="P19 encrypted",
        says="details without text leave the text to the plain name",
        body=details({"type": "reasoning.encrypted", "data": "xyz"}, plain="Hm") + HE + END,
        thinking="Hm",
        text="He",
    ),
    Case(
        id="P20",
        says="tags in the text stay in the text: taking them out is another feature, on request",
        body=text("<thi") + text("nk>x</th") + text("ink>y") + END,
        text="<think>x</think>y",
    ),
    Case(
        id="P21",
        says="a refusal is no text, and finishes as filtered content",
        body=chunk('{"refusal":"I can"}') + chunk('{"refusal":"\'t"}') + END,
        refusal="I can't",
        finish=("content_filter", "stop"),
        kinds="stream_start refusal_delta refusal_delta finish",
    ),
)

USAGES = (
    Case(
        id="P24",
        says="usage on every chunk is cumulative: the last that is not null holds",
        body=text("He", more=',"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}')
        + text("llo", more=f',"usage":{USAGE}')
        + text("", more=',"usage":null')
        + END,
        text="Hello",
        usage=COUNTED,
    ),
    Case(
        id="P24 fields",
        says="a field reported as null does not undo what was reported",
        body=HE
        + chunk(finish='"stop"', more=f',"usage":{USAGE}')
        + bare(choices=[], usage={"prompt_tokens": 3, "completion_tokens": None})
        + DONE,
        text="He",
        usage=COUNTED,
    ),
    Case(
        id="P25 Groq",
        says="Groq reports its usage up to three times: it is not added up",
        body=HE
        + chunk(finish='"stop"', more=f',"usage":{USAGE},"x_groq":{{"id":"r","usage":{USAGE}}}')
        + bare(choices=[], usage=json.loads(USAGE))
        + DONE,
        text="He",
        usage=COUNTED,
        metadata={"x_groq": {"id": "r", "usage": json.loads(USAGE)}},
        kinds="stream_start text_start text_delta usage response_metadata text_end finish",
    ),
    Case(
        id="P25 llama.cpp",
        says="timings are kept",
        body=HE + chunk(finish='"stop"', more=',"timings":{"cache_n":161}') + DONE,
        text="He",
        metadata={"timings": {"cache_n": 161}},
    ),
    Case(
        id="P25 DeepSeek",
        says="another name of cached tokens",
        body=HE
        + chunk(
            finish='"stop"',
            more=',"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,'
            '"prompt_cache_hit_tokens":2}',
        )
        + DONE,
        text="He",
        usage={**COUNTED, "cache_read_input_tokens": 2},
    ),
    Case(
        id="xAI",
        says="reasoning counted apart from the output is counted in, as the total shows",
        body=HE
        + chunk(
            finish='"stop"',
            more=',"usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":303,'
            '"completion_tokens_details":{"reasoning_tokens":290}}',
        )
        + DONE,
        text="He",
        usage={"output_tokens": 291, "reasoning_output_tokens": 290, "total_tokens": 303},
    ),
    Case(
        id="not reported",
        says="what is not reported is None and not 0; a number that is none is not reported",
        body=HE
        + chunk(finish='"stop"', more=',"usage":{"prompt_tokens":"3","completion_tokens":true}')
        + DONE,
        text="He",
        usage={"input_tokens": None, "output_tokens": None, "total_tokens": None},
    ),
)


def answer(index: Any, delta: dict[str, Any], finish: str | None = None) -> bytes:
    return bare(choices=[{"index": index, "delta": delta, "finish_reason": finish}])


CHOICES = (
    Case(
        id="P23 only 1",
        says="a choice may be the second without a first",
        body=answer(1, {"content": "He"}) + answer(1, {}, "stop") + DONE,
    ),
    Case(
        id="odd index",
        says="a number of a choice that cannot be is replaced by its place",
        body=answer(10**9, {"content": "He"})
        + answer(-1, {"content": "l"})
        + answer(True, {"content": "l"})
        + answer("0", {"content": "o"})
        + END,
        text="Hello",
        warnings=("odd_choice_index",),
    ),
    Case(
        id="no index",
        says="a choice without a number is the one at its place",
        body=bare(choices=[{"delta": {"content": "He"}}]) + LLO + END,
        text="Hello",
    ),
)

MEDIA = (
    Case(
        id="P29",
        says="log probabilities of text and of a refusal are handed out beside them",
        body=text("He", choice=',"logprobs":{"content":[{"token":"He"}],"refusal":[]}')
        + chunk("{}", choice=',"logprobs":{"content":null,"refusal":[{"token":"no"}]}')
        + END,
        text="He",
        kinds="stream_start text_start text_delta logprobs logprobs text_end finish",
    ),
    Case(
        id="P30",
        says="audio cut anywhere is decoded in whole groups; its transcript is the text",
        body=chunk('{"audio":{"id":"a1","transcript":"He"}}')
        + chunk('{"audio":{"data":"AAE"}}')
        + chunk('{"audio":{"data":"CAwQF","transcript":"llo"}}')
        + chunk('{"audio":{"expires_at":9}}')
        + END,
        text="Hello",
        metadata={"audio_id": "a1", "audio_expires_at": 9},
        kinds="stream_start text_start text_delta response_metadata file_delta text_delta "
        "response_metadata text_end finish",
    ),
    Case(
        id="P30 no base64",
        says="audio that is no base64 is left out, with a warning",
        body=chunk('{"audio":{"data":"!!!!"}}') * 2 + HE + END,
        text="He",
        warnings=("bad_base64",),
    ),
    Case(
        id="P31 annotations",
        says="annotations are citations of the text",
        body=HE
        + chunk(
            '{"annotations":[{"type":"url_citation","url_citation":'
            '{"url":"https://a.example","title":"A","start_index":0,"end_index":2}}]}'
        )
        + END,
        text="He",
        kinds="stream_start text_start text_delta citation text_end finish",
    ),
    Case(
        id="P31 citations",
        says="a list of addresses repeated with every chunk gives each one once",
        body=text("He", more=',"citations":["https://a.example"]')
        + text("llo", more=',"citations":["https://a.example","https://b.example"]')
        + END,
        text="Hello",
        kinds="stream_start text_start text_delta citation text_delta citation text_end finish",
    ),
    Case(
        id="P32",
        says="an image in a data URL is a file, and no text",
        body=chunk('{"images":[{"image_url":{"url":"data:image/png;base64,AAEC"}}]}') + END,
        kinds="stream_start file finish",
    ),
    Case(
        id="P32 address",
        says="an image at an address is a file that lies there",
        body=chunk('{"images":[{"image_url":{"url":"https://a.example/x.png"}}]}') + END,
        kinds="stream_start file finish",
    ),
    Case(
        id="executed tools",
        says="tools that the server ran are kept as they came",
        body=chunk('{"executed_tools":[{"name":"search"}]}') + HE + STOP + DONE,
        text="He",
        kinds="stream_start custom text_start text_delta text_end finish",
    ),
)

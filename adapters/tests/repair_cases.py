"""Calls and thoughts as models write them, whole, damaged, quoted and cut off."""

import json
from typing import Any

from adapters.tests.repaired import Call, Case, Thought

PARIS = Call("get_weather", {"city": "Paris"})
ROME = Call("get_weather", {"city": "Rome"})
NOW = Call("now", {})


def same(label: str, text: str, **more: Any) -> Case:
    """A text that nothing happens to."""
    return Case(label, text, [text], **more)


# fmt: off
HERMES = [
    Case('hermes', '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>', [PARIS], 'hermes'),
    Case('hermes behind text', 'Let me look.\n\n<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>', ['Let me look.\n\n', PARIS], 'hermes'),
    Case('hermes before text', '<tool_call>{"name":"now","arguments":{}}</tool_call>\nDone <b>', [NOW, '\nDone <b>'], 'hermes'),
    Case('hermes twice', '<tool_call>{"name":"now","arguments":{}}</tool_call>\n<tool_call>{"name":"get_weather","arguments":{"city":"Rome"}}</tool_call>\n', [NOW, ROME], 'hermes'),
    Case('hermes unclosed tag', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}', [PARIS], 'hermes'),
    Case('hermes unclosed tag, text', '<tool_call>{"name":"now","arguments":{}}\nDone.', [NOW, '\nDone.'], 'hermes'),
    Case('hermes two objects', '<tool_call>\n{"name":"now","arguments":{}}\n{"name":"get_weather","arguments":{"city":"Rome"}}\n</tool_call>', [NOW, ROME], 'hermes'),
    Case('hermes list', '<tool_call>[{"name":"now","arguments":{}}, {"name":"get_weather","arguments":{"city":"Rome"}}]</tool_call>', [NOW, ROME], 'hermes'),
    Case('hermes parameters', '<tool_call>{"name":"get_weather","parameters":{"city":"Paris"}}</tool_call>', [PARIS], 'hermes'),
    Case('hermes string arguments', '<tool_call>{"name":"get_weather","arguments":"{\\"city\\": \\"Paris\\"}"}</tool_call>', [PARIS], 'hermes'),
    Case('hermes doubly encoded', json.dumps({'name': 'get_weather', 'arguments': json.dumps(json.dumps({'city': 'Paris'}))}).join(['<tool_call>', '</tool_call>']), [PARIS], 'hermes json-damage'),
    Case('hermes empty string', '<tool_call>{"name":"now","arguments":""}</tool_call>', [NOW], 'hermes json-damage'),
    Case('hermes no arguments', '<tool_call>{"name":"now"}</tool_call>', [NOW], 'hermes'),
    Case('hermes fence inside', '<tool_call>\n```json\n{"name":"now","arguments":{}}\n```\n</tool_call>', [NOW], 'hermes'),
    Case('hermes in the function key', '<tool_call>{"type":"function","function":{"name":"now","arguments":{}}}</tool_call>', [NOW], 'hermes'),
    Case('hermes closing tag in a string', '<tool_call>{"name":"get_weather","arguments":{"city":"</tool_call>{"}}</tool_call>', [Call('get_weather', {'city': '</tool_call>{'})], 'hermes'),
    Case('hermes capitals', '<TOOL_CALL>{"name":"now","arguments":{}}</TOOL_CALL>', [NOW], 'hermes'),
    Case('hermes name in other capitals', '<tool_call>{"name":"Get_Weather","arguments":{"city":"Paris"}}</tool_call>', [PARIS], 'hermes name'),
    Case('hermes number as string', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris","days":"3","metric":"True"}}</tool_call>', [Call('get_weather', {'city': 'Paris', 'days': 3, 'metric': True})], 'hermes types'),
    Case('hermes hopeless arguments stay', '<tool_call>{"name":"get_weather","arguments":{"days":"3"}}</tool_call>', [Call('get_weather', {'days': '3'})], 'hermes'),
    Case('nemotron list', '<TOOLCALL>[{"name":"now","arguments":{}}]</TOOLCALL>', [NOW], 'hermes'),
    Case('nemotron unclosed', '<toolcall>[{"name":"now","arguments":{}}]', [NOW], 'hermes'),
    Case('minimax m1 lines', '<tool_calls>\n{"name":"now","arguments":{}}\n{"name":"get_weather","arguments":{"city":"Rome"}}\n</tool_calls>', [NOW, ROME], 'hermes'),
    Case('granite', '<|tool_call|>[{"name":"now","arguments":{}}]', [NOW], 'hermes'),
    same('hermes unknown name', 'a <tool_call>{"name":"rm","arguments":{}}</tool_call> b'),
    same('hermes one unknown name of two', '<tool_call>[{"name":"rm","arguments":{}},{"name":"now","arguments":{}}]</tool_call>'),
    same('hermes quoted tag', 'Wrap it in `<tool_call>` and `</tool_call>` tags.'),
    same('hermes no name', '<tool_call>{"arguments":{}}</tool_call>'),
    same('hermes hopeless JSON', '<tool_call>{"name" "now"}</tool_call>'),
    same('hermes tag alone', 'a < b <tool_call>'),
    same('hermes half a tag', 'x <tool_ca'),
    same('hermes cut off', '<tool_call>{"name":"get_weather","arguments":{"city":"Par', reason='length'),
    same('hermes cut off behind a value', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"', reason='length'),
    Case('hermes cut off later', '<tool_call>{"name":"now","arguments":{}}</tool_call><tool_call>{"name":"no', [NOW, '<tool_call>{"name":"no'], 'hermes', 'length'),
    Case('hermes whole at the cut', '<tool_call>{"name":"now","arguments":{}}', [NOW], 'hermes', 'length'),
]

DAMAGE = [
    Case('trailing commas', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris",},}</tool_call>', [PARIS], 'hermes json-damage'),
    Case('single quotes', "<tool_call>{'name': 'get_weather', 'arguments': {'city': 'Paris'}}</tool_call>", [PARIS], 'hermes json-damage'),
    Case('single quotes, apostrophe', '<tool_call>{\'name\': \'get_weather\', \'arguments\': {\'city\': \'L\'Aquila } "x"\'}}</tool_call>', [Call('get_weather', {'city': 'L\'Aquila } "x"'})], 'hermes json-damage'),
    Case('python literals', '<tool_call>{"name":"write_file","arguments":{"filePath":"a","content":"b","mode":None}}</tool_call>', [Call('write_file', {'filePath': 'a', 'content': 'b', 'mode': None})], 'hermes json-damage'),
    Case('raw newline', '<tool_call>{"name":"write_file","arguments":{"filePath":"a","content":"b\n\tc"}}</tool_call>', [Call('write_file', {'filePath': 'a', 'content': 'b\n\tc'})], 'hermes json-damage'),
    Case('false escape', '<tool_call>{"name":"get_weather","arguments":{"city":"\\d\\\'"}}</tool_call>', [Call('get_weather', {'city': "\\d'"})], 'hermes json-damage'),
    Case('brace missing', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}</tool_call>', [PARIS], 'hermes json-damage'),
    Case('brace missing at the end', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}', [PARIS], 'hermes json-damage'),
    Case('brace too many', '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}}</tool_call>', [PARIS], 'hermes'),
    same('nothing made up in a string', '<tool_call>{"name":"get_weather","arguments":{"city":"Par'),
    same('nothing made up behind a key', '<tool_call>{"name":"get_weather","arguments":{"city":</tool_call>'),
]

QWEN = [
    Case('qwen', '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>', [Call('get_weather', {'city': 'Paris', 'days': 3})], 'qwen-xml'),
    Case('qwen without outer tag', 'Ok.\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>', ['Ok.\n', PARIS], 'qwen-xml'),
    Case('qwen outer tag closed only', '<function=now>\n</function>\n</tool_call>', [NOW], 'qwen-xml'),
    Case('qwen two functions', '<tool_call><function=now></function>\n<function=get_weather><parameter=city>Rome</parameter></function></tool_call>', [NOW, ROME], 'qwen-xml'),
    Case('qwen function unclosed', '<tool_call><function=get_weather><parameter=city>Paris</parameter></tool_call>', [PARIS], 'qwen-xml'),
    Case('qwen all unclosed', '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis', [PARIS], 'qwen-xml'),
    Case('qwen parameter unclosed', '<function=get_weather><parameter=city>Paris<parameter=days>2</function>', [Call('get_weather', {'city': 'Paris', 'days': 2})], 'qwen-xml'),
    Case('qwen text behind', '<function=get_weather><parameter=city>Paris</parameter>\nDone', [PARIS, '\nDone'], 'qwen-xml'),
    Case('qwen half tag', '<function=get_weather><city>Paris</parameter></function>', [PARIS], 'qwen-xml'),
    Case('qwen half tag closed in kind', '<function=write_file><filePath>a b</filePath><content>\n\nx\n\n</content></function>', [Call('write_file', {'filePath': 'a b', 'content': '\nx\n'})], 'qwen-xml'),
    Case('qwen strings stay strings', '<function=write_file><parameter=filePath>12</parameter><parameter=content>{"a": 1}</parameter></function>', [Call('write_file', {'filePath': '12', 'content': '{"a": 1}'})], 'qwen-xml'),
    Case('qwen list and null', '<function=write_file><parameter=filePath>a</parameter><parameter=content>b</parameter><parameter=mode>null</parameter><parameter=tags>["x", 1]</parameter></function>', [Call('write_file', {'filePath': 'a', 'content': 'b', 'mode': None, 'tags': ['x', '1']})], 'qwen-xml'),
    Case('qwen markup in a value', '<function=write_file><parameter=filePath>a</parameter><parameter=content><b>x</b> <tool_call></parameter></function>', [Call('write_file', {'filePath': 'a', 'content': '<b>x</b> <tool_call>'})], 'qwen-xml'),
    Case('qwen spaces around the name', '<function = "x"><function="get_weather"><parameter="city">Paris</parameter></function>', ['<function = "x">', PARIS], 'qwen-xml'),
    Case('llama function tag', '<function=get_weather>{"city": "Paris"}</function> ok', [PARIS, ' ok'], 'qwen-xml'),
    Case('llama function tag unclosed', '<function=get_weather>{"city": "Paris"} ok', [PARIS, ' ok'], 'qwen-xml'),
    Case('qwen in thinking', '<think>hm <tool_call><function=now></function></tool_call> so</think>ok', [Thought('hm '), NOW, Thought(' so'), 'ok'], 'think qwen-xml'),
    Case('qwen cut in JSON that is whole', '<function=write_file><parameter=filePath>a</parameter><parameter=content>b</parameter><parameter=tags>["x"]', [Call('write_file', {'filePath': 'a', 'content': 'b', 'tags': ['x']})], 'qwen-xml', 'length'),
    same('qwen cut in a value', '<tool_call><function=get_weather><parameter=city>Par', reason='length'),
    same('qwen cut in a number', '<function=get_weather><parameter=city>Paris</parameter><parameter=days>1', reason='length'),
    same('qwen cut before what is required', '<function=write_file><parameter=filePath>a</parameter>\n', reason='length'),
    same('qwen unknown name', '<tool_call>\n<function=rm>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>'),
    same('qwen tag in prose', 'The tag <function=now is never closed.\nReally.'),
]

MISTRAL = [
    Case('mistral array', '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}, {"name":"now","arguments":{}}]', [PARIS, NOW], 'mistral'),
    Case('mistral behind text', 'Ok.[TOOL_CALLS] [{"name":"now","arguments":{}}]', ['Ok.', NOW], 'mistral'),
    Case('mistral bare array', '[{"name": "get_weather", "arguments": {"city": "Paris"}}]', [PARIS], 'mistral'),
    Case('mistral names', '[TOOL_CALLS]get_weather[ARGS]{"city":"Paris"}[TOOL_CALLS]now[ARGS]{}', [PARIS, NOW], 'mistral'),
    Case('mistral no [ARGS]', '[TOOL_CALLS]get_weather{"city":"Paris"}', [PARIS], 'mistral'),
    Case('mistral call id', '[TOOL_CALLS]get_weather[CALL_ID]abc123XYZ[ARGS]{"city":"Paris"}', [PARIS], 'mistral'),
    Case('mistral marker once', '[TOOL_CALLS]now[ARGS]{}get_weather[ARGS]{"city":"Rome"}', [NOW, ROME], 'mistral'),
    Case('mistral thinking', '[THINK]hm [x][/THINK]\n[TOOL_CALLS]now[ARGS]{}', [Thought('hm [x]'), NOW], 'think mistral'),
    Case('mistral text behind', '[TOOL_CALLS]now[ARGS]{} [1]', [NOW, ' [1]'], 'mistral'),
    same('mistral unknown', '[TOOL_CALLS]rm[ARGS]{"x":1}'),
    same('mistral bare array, one unknown', '[{"name":"now","arguments":{}},{"name":"rm","arguments":{}}]'),
    same('mistral cut', '[TOOL_CALLS][{"name":"now","arguments":{}}, {"name":"ge', reason='length'),
    same('markdown link', '[TOOLS](x) and [1, 2] and [[3]]'),
]

LLAMA = [
    Case('llama', '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}<|eom_id|>', [PARIS], 'llama-json'),
    Case('llama semicolons', '<|python_tag|>{"name":"now","parameters":{}}; {"name":"get_weather","parameters":{"city":"Rome"}}', [NOW, ROME], 'llama-json'),
    Case('llama bare', '{"name": "get_weather", "parameters": {"city": "Paris", "days": "3"}}', [Call('get_weather', {'city': 'Paris', 'days': 3})], 'llama-json types'),
    Case('llama bare semicolons', '{"type":"function","name":"now","parameters":{}};{"name":"get_weather","parameters":{"city":"Rome"}}', [NOW, ROME], 'llama-json'),
    Case('llama bare, brace missing', '{"name": "get_weather", "parameters": {"city": "Paris"}', [PARIS], 'llama-json json-damage'),
    same('llama python', '<|python_tag|>print("x")'),
    same('llama unknown', '<|python_tag|>{"name": "rm", "parameters": {}}'),
    same('bare unknown', '{"name": "rm", "parameters": {}}'),
    same('bare answer', '{"city": "Paris", "days": 3}'),
    same('bare definition', '{"name":"now","description":"tells the time","parameters":{}}'),
    same('bare without what is required', '{"name":"get_weather","parameters":{}}'),
    same('bare without arguments', '{"name":"now"}'),
    same('bare cut', '{"name": "get_weather", "parameters": {"city": "Paris"}', reason='length'),
]

LOOSE = [
    Case('fence', '```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```', [PARIS], 'markdown-json'),
    Case('fence behind prose', 'I will look that up:\n\n```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```\n', ['I will look that up:\n\n', PARIS], 'markdown-json'),
    Case('fence before prose', '```\n{"name":"now","arguments":{}}\n```\nOne moment.', [NOW, '\nOne moment.'], 'markdown-json'),
    Case('fence twice', '```json\n{"name":"now","arguments":{}}\n```\n\n```json\n{"name":"get_weather","arguments":{"city":"Rome"}}\n```', [NOW, ROME], 'markdown-json'),
    Case('bare behind prose', 'Sure.\n{"name":"now","arguments":{}}', ['Sure.\n', NOW], 'markdown-json'),
    Case('function key', '{"function":{"name":"now","arguments":{}}}', [NOW], 'llama-json'),
    Case('tool_calls key', '{"tool_calls":[{"id":"1","type":"function","function":{"name":"now","arguments":"{}"}}]}', [NOW], 'llama-json'),
    Case('action', '{"action":"get_weather","action_input":{"city":"Paris"}}', [PARIS], 'llama-json'),
    same('fence unknown', '```json\n{"name": "rm", "arguments": {}}\n```'),
    same('example', 'For example:\n```json\n{"name":"now","arguments":{}}\n```'),
    same('example behind', '```json\n{"name":"now","arguments":{}}\n```\nThis is what the format looks like.'),
    same('long prose behind', '{"name":"now","arguments":{}}\n' + 'Then more. ' * 20),
    same('long prose before', 'First some words. ' * 12 + '\n{"name":"now","arguments":{}}'),
    same('in the line', 'It says {"name":"now","arguments":{}} there.'),
    same('other language', '```python\n{"name": "now", "arguments": {}}\n```'),
    same('code', 'Here:\n```python\nx = [1]\n```\n{done}'),
    same('no tools', '```json\n{"name": "now", "arguments": {}}\n```', offered=False),
]

INVOKE = [
    Case('minimax', '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">2</parameter>\n</invoke>\n</minimax:tool_call>', [Call('get_weather', {'city': 'Paris', 'days': 2})], 'minimax'),
    Case('minimax two', '<minimax:tool_call><invoke name="now"></invoke><invoke name="get_weather"><parameter name="city">Rome</parameter></invoke></minimax:tool_call>', [NOW, ROME], 'minimax'),
    Case('minimax no namespace', '<invoke name="now"></invoke>\n</minimax:tool_call>', [NOW], 'minimax'),
    Case('minimax paths', '<minimax:tool_call><invoke name="write_file"><parameter name="filePath">src / app . ts</parameter><parameter name="content">src / app . ts</parameter></invoke></minimax:tool_call>', [Call('write_file', {'filePath': 'src/app.ts', 'content': 'src / app . ts'})], 'minimax paths'),
    Case('minimax object for a string', '<minimax:tool_call><invoke name="write_file"><parameter name="filePath">a</parameter><parameter name="content">{"a": 1}</parameter></invoke></minimax:tool_call>', [Call('write_file', {'filePath': 'a', 'content': '{"a": 1}'})], 'minimax'),
    Case('claude', '<function_calls>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n</function_calls>\nok', [PARIS, '\nok'], 'minimax'),
    Case('claude keeps paths', '<function_calls><invoke name="write_file"><parameter name="filePath">a - b</parameter><parameter name="content">c</parameter></invoke></function_calls>', [Call('write_file', {'filePath': 'a - b', 'content': 'c'})], 'minimax'),
    same('minimax unknown', '<minimax:tool_call><invoke name="rm"><parameter name="x">1</parameter></invoke></minimax:tool_call>'),
    same('minimax cut', '<minimax:tool_call><invoke name="get_weather"><parameter name="city">Par', reason='length'),
]

GLM = [
    Case('glm', '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>', [Call('get_weather', {'city': 'Paris', 'days': 2})], 'glm'),
    Case('glm one line', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>', [PARIS], 'glm'),
    Case('glm value unclosed', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris<arg_key>days</arg_key><arg_value>2</tool_call>', [Call('get_weather', {'city': 'Paris', 'days': 2})], 'glm'),
    Case('glm unclosed', '<tool_call>get_weather\n<arg_key>city</arg_key><arg_value>Paris</arg_value>\nok', [PARIS, '\nok'], 'glm'),
    Case('glm JSON', '<tool_call>get_weather\n{"city": "Paris"}\n</tool_call>', [PARIS], 'glm'),
    Case('glm nothing', '<tool_call>now</tool_call>', [NOW], 'glm'),
    Case('glm number for a string', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>75001</arg_value></tool_call>', [Call('get_weather', {'city': '75001'})], 'glm'),
    Case('glm without a schema', '<tool_call>now<arg_key>x</arg_key><arg_value>[1]</arg_value><arg_key>y</arg_key><arg_value>a</arg_value></tool_call>', [Call('now', {'x': [1], 'y': 'a'})], 'glm'),
    same('glm unknown', '<tool_call>rm\n<arg_key>x</arg_key><arg_value>1</arg_value></tool_call>'),
    same('glm cut', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Par', reason='length'),
    same('glm cut behind a pair', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value>', reason='length'),
]

HARMONY = [
    Case('harmony', '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Paris"}<|call|>', [Thought('Hm.'), PARIS], 'harmony think'),
    Case('harmony final', '<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello <b>.<|return|>', [Thought('Hm.'), 'Hello <b>.'], 'harmony think'),
    Case('harmony no tools', '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.', [Thought('Hm.'), 'Hello.'], 'harmony think', offered=False),
    Case('harmony call, no tools', '<|channel|>commentary to=functions.now <|message|>{}', ['<|channel|>commentary to=functions.now <|message|>{}'], offered=False),
    Case('harmony preamble', '<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant to=functions.now<|channel|>commentary json<|message|>{}<|call|>', ['I will look.', NOW], 'harmony'),
    Case('harmony call in analysis', '<|channel|>analysis to=functions.now <|message|>{}<|call|>', [NOW], 'harmony'),
    Case('harmony call behind text', 'Ok.<|channel|>commentary to=functions.now <|constrain|>json<|message|>{}', ['Ok.', NOW], 'harmony'),
    Case('harmony message token missing', '<|channel|>commentary to=functions.now json{}', [NOW], 'harmony'),
    Case('harmony nobody called', '<|channel|>commentary<|message|>{"city":"Paris","days":2}<|call|>', [Call('get_weather', {'city': 'Paris', 'days': 2})], 'harmony'),
    Case('harmony nobody called, no such keys', '<|channel|>commentary<|message|>{"town":"Paris"}', ['{"town":"Paris"}'], 'harmony'),
    Case('harmony bare words', 'analysisThe user asks.assistantcommentary to=functions.get_weather json{"city":"Paris"}', [Thought('The user asks.'), PARIS], 'think harmony'),
    Case('harmony bare final', 'analysisWe greet.assistantfinalHello.', [Thought('We greet.'), 'Hello.'], 'think'),
    Case('harmony bare final, no tools', 'analysisWe greet.assistantfinalHello.', [Thought('We greet.'), 'Hello.'], 'think', offered=False),
    Case('harmony preferred', 'analysis we greet.assistantfinalHello.', [Thought(' we greet.'), 'Hello.'], 'think', prefers='harmony'),
    Case('harmony unfinished analysis', '<|channel|>analysis<|message|>Hm', [Thought('Hm')], 'harmony think', 'length'),
    same('harmony unknown tool, closed', '<|channel|>commentary to=functions.rm <|message|>{"x":1}<|call|>'),
    same('harmony call, no tools, closed', '<|channel|>commentary to=functions.now <|message|>{}<|call|>', offered=False),
    same('harmony tokens first', 'The token'.join(['<|channel|> ', ' <|return|> is what it ends with.'])),
    Case('harmony closed once', '<|channel|>final<|message|>Tokens:<|return|> <|return|>', ['Tokens: <|return|>'], 'harmony'),
    same('analysis as a word', 'analysis of the data shows nothing.'),
    same('harmony unknown tool', '<|channel|>commentary to=functions.rm <|message|>{"x":1}'),
    same('harmony cut', '<|channel|>commentary to=functions.get_weather <|message|>{"city":"Par', reason='length'),
    same('harmony tokens in prose', 'The token <|channel|> opens a channel, <|message|> its text.'),
    same('harmony header in prose', 'It says <|channel|>final<|message|>Hello there.'),
]

THINKING = [
    Case('think', '<think>\nHm.\n</think>\n\nHello.', [Thought('Hm.\n'), 'Hello.'], 'think'),
    Case('thinking', ' \n<thinking>Hm < 2</thinking>Hello.', [Thought('Hm < 2'), 'Hello.'], 'think'),
    Case('think, no tools', '<think>Hm.</think>Hello <think>.', [Thought('Hm.'), 'Hello <think>.'], 'think', offered=False),
    Case('think is empty', '<think>\n\n</think>\n\nHello.', ['Hello.'], 'think'),
    Case('think twice', '<think>a</think>\n<think>b</think>c', [Thought('ab'), 'c'], 'think'),
    Case('opened', 'a</think>b', [Thought('a'), 'b'], 'think', opened=True),
    Case('opened, no tools', 'a</think>\nb', [Thought('a'), 'b'], 'think', opened=True, offered=False),
    Case('opened twice', '\n<think>\na</think>b', [Thought('a'), 'b'], 'think', opened=True),
    Case('opened, Mistral', 'a[/THINK]b', [Thought('a'), 'b'], 'think', opened=True),
    Case('ends in thought', '<think>Hm. </thi', [Thought('Hm. </thi')], 'think', 'length'),
    Case('ends in opened thought', 'Hm. ', [Thought('Hm. ')], 'think', opened=True),
    Case('call in thought', '<think>a<tool_call>{"name":"now","arguments":{}}</tool_call>b</think>', [Thought('a'), NOW, Thought('b')], 'think hermes'),
    Case('call behind thought', '<think>a</think>\n\n{"name":"now","arguments":{}}', [Thought('a'), NOW], 'think llama-json'),
    same('no opener', 'a</think>b'),
    same('later think', 'Write <think>a</think>'),
    same('half an opener', '<thin'),
    same('blank', ' \n\n '),
    same('blank, no tools', ' \n\n ', offered=False),
    same('wide margin', ' ' * 70 + '<tool_call>{"name":"rm"}'),
    same('tags without tools', '<tool_call>{"name":"now","arguments":{}}</tool_call>', offered=False),
    same('plain', 'Hello, how are you? 1 < 2 [x] {y} `z` ```\n'),
]

# fmt: on

CASES = HERMES + DAMAGE + QWEN + MISTRAL + LLAMA + LOOSE + INVOKE + GLM + HARMONY + THINKING

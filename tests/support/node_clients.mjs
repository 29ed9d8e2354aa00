// OpenAI's JS client and Vercel's AI SDK, as a program uses them; run with node in a folder whose
// node_modules hold `openai`, `ai` and `@ai-sdk/openai-compatible`.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [url, question, folder] = process.argv.slice(2)
const find = createRequire(folder + '/')
const load = (name) => import(pathToFileURL(find.resolve(name)).href)
const { default: OpenAI } = await load('openai')
const { generateText, streamText } = await load('ai')
const { createOpenAICompatible } = await load('@ai-sdk/openai-compatible')
const messages = [{ role: 'user', content: question }]
const told = {}

const openai = new OpenAI({ baseURL: url, apiKey: 'k', maxRetries: 0 })
const asked = { model: 'm', messages, safety_identifier: 'anna' }
const whole = await openai.chat.completions.create(asked).withResponse()
told.openai = whole.data.choices[0].message.content
told.state = whole.response.headers.get('x-guided-profile')
told.openaiStream = ''
for await (const piece of await openai.chat.completions.create({ ...asked, stream: true })) {
  told.openaiStream += piece.choices[0].delta.content ?? ''
}
told.responses = (await openai.responses.create({ model: 'm', input: question, user: 'anna' })).output_text
told.models = (await openai.models.list()).data.map((model) => model.id)

const personal = createOpenAICompatible({ name: 'personal', baseURL: url, apiKey: 'k' })
const ofUser = { model: personal('m'), messages, providerOptions: { personal: { user: 'anna' } } }
told.ai = (await generateText(ofUser)).text
told.aiStream = await streamText(ofUser).text
console.log(JSON.stringify(told))

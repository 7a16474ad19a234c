# Every sentence of the bot, in English. Another language is another file with the same keys.
# Plain text: nothing here or in what is filled in is read as markup.

## Commands

start =
    Hi { $name }! Send me a photo and write in its caption what to change, for example “make the sky stormy”. I send back the edited picture.

    Each edit costs a little: with your settings { $price }. /model, /quality and /size change them, /spend shows what you used, /help the rest.
help =
    How it works
    • Send a photo with a caption that says what to change.
    • Without a caption I ask what to change; just write it.
    • Send the picture as a file to keep every pixel.

    Settings
    /model — which model edits: { $models }
    /quality — how fine, for example “/quality high”
    /size — the shape, for example “/size portrait” or “/size 16:9 2k”; “/size auto” keeps your picture's shape
    /spend — what you used today, this month and ever

    Now: { $settings }, { $price } an edit.
text-without-picture = Send me the picture first, with a caption that says what to change. /help shows how.
unknown-command = I don't know that command. /help lists what I can do.
unusable-message = I can only work with pictures: send a photo, or an image as a file, with a caption that says what to change.
not-served = Sorry, this bot is private and you are not on its list. Its owner can add your id: { $id }.

model-current =
    Model: { $title }, { $price } an edit with your settings.
    You can choose: { $offered }. For example “/model { $example }”.
model-changed = Done: { $title } from now on, { $price } an edit. { $nearest }
model-line = { $name } ({ $price })
quality-current =
    Quality: { $value }, { $price } an edit.
    You can choose: { $offered }. For example “/quality { $example }”.
quality-none = { $title } has no quality to choose.
quality-changed = Done: quality { $value } from now on, { $price } an edit.
size-current =
    Size: { $value }, { $price } an edit.
    You can choose: { $offered }. For example “/size { $example }”.
size-changed = Done: size { $value } from now on, { $price } an edit. { $nearest }
size-fixed = { $title } has no sizes to choose; your size stays for other models.
nearest = { $title } has no { $wished }, so I use the nearest, { $used }.
spend =
    Today { $today }, this month { $month }, ever { $ever }.
spend-held = { $held } is set aside for edits that are not finished.
spend-model = { $title }: { $spent } for { $edits ->
    [one] 1 edit
   *[other] { $edits } edits
}

## Intake

ask-prompt = Nice picture! What should I change? Just write it.

## Progress

stage-queued = 🕓 In the queue…
stage-uploading = ⬆️ Preparing your picture…
stage-waiting-turn = 🕓 WaveSpeed is busy; your edit waits for its turn. Nothing is lost. { $seconds } s
stage-editing = 🎨 Editing… { $seconds } s
stage-editing-expected = 🎨 Editing… { $seconds } s of about { $expected } s
stage-finishing = ✨ Almost done…
stage-sending = 📤 Sending…
result-as-file-only = Too long and narrow for a photo, so here it is as a file.

## Errors: what happened, whether it cost anything, what to do

error-internal = Something went wrong on my side. You were not charged. Please try again; if it happens again, tell the bot's owner.
error-storage-busy = I can't write anything down right now, so I did nothing and charged nothing. Please try again in a minute.
error-not-a-picture = That is no picture I can read. Please send a JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF. Nothing was charged.
error-picture-broken = That picture is damaged and I can't open it. Please send it again, or another copy. Nothing was charged.
error-picture-too-heavy = That file is over { $limit_mb } MB, more than Telegram lets me fetch. Please send a smaller one, or send it as a photo. Nothing was charged.
error-picture-too-large = That picture has { $megapixels } megapixels and I take up to { $limit }. Please make it smaller, or send it as a photo. Nothing was charged.
error-picture-too-long = That picture is { NUMBER($width, useGrouping: 0) }×{ NUMBER($height, useGrouping: 0) }: more than 20 times as long as wide. Please crop it first. Nothing was charged.
error-picture-animated = That is an animation and I edit still pictures. Please send a single frame, for example a screenshot of it. Nothing was charged.
error-picture-gone = Telegram no longer has that picture. Please send it again. Nothing was charged.
error-mask-empty = Nothing is marked in the mask, so there is nothing to edit. Please mark the part to change and send it again. Nothing was charged.
error-mask-everything = The mask marks the whole picture. Leave the mask out to edit everything, or mark only a part. Nothing was charged.
error-mask-shape = The mask is { $mask } and the picture is { $source }: another shape. Please make the mask from the same picture. Nothing was charged.
error-prompt-missing = Please say what to change: write it in the caption, or just send it as a message now. Nothing was charged.
error-prompt-too-long = That is { $length } characters, and { $model } takes { $limit }. Please shorten it. Nothing was charged.
error-model-unknown = I don't know a model “{ $name }”. You can choose: { $offered }.
error-model-withdrawn = { $name } is no longer offered by the provider. You can choose: { $offered }.
error-quality-unknown = “{ $value }” is no quality of { $model }. You can choose: { $offered }.
error-size-unknown = “{ $value }” is no size I know. You can choose: { $offered }; or for example portrait, 2:3 or 1024x1536, up to 3:1.
error-too-many-pictures = That is { $count } pictures, and { $model } takes { $limit }. Please send fewer. Nothing was charged.
error-price-unknown = I don't know what { $model } costs with these settings, so I bought nothing. Please choose another with /model.
error-not-served = Sorry, this bot is private and you are not on its list.
error-imaging-failed = That picture is too much for me to work on. Please make it smaller and send it again. Nothing was charged.
error-not-sent = WaveSpeed can't be reached. You were not charged. Please try again later.
error-throttled = WaveSpeed is too busy to take your edit. You were not charged. Please try again later.
error-key-rejected = WaveSpeed does not accept this bot's key. You were not charged. Please tell the bot's owner.
error-credits-exhausted = This bot's WaveSpeed account is out of credit. You were not charged. Please tell the bot's owner.
error-model-gone = WaveSpeed no longer offers this model. You were not charged. Please choose another with /model.
error-input-rejected = WaveSpeed did not accept this edit. You were not charged. Please try another model with /model, or other words.
error-answer-lost = I lost WaveSpeed's answer and am finding out what became of your edit.
error-provider-down = WaveSpeed has trouble right now. You were not charged. Please try again later.
error-no-such-prediction = WaveSpeed no longer knows your edit, so no picture will come. You were not charged. Please send it again.
error-moderated = The content check refused this edit. You were not charged. Please change the words or the picture.
error-input-unusable = The model could not use this picture or these words. You were not charged. Please try other words or another picture.
error-provider-broke = WaveSpeed failed to make this edit. You were not charged. Please try again.
error-output-unusable = WaveSpeed made something that I can't open as a picture. It bills it all the same: { $charged }. Please tell the bot's owner, with the number { $edit }.
error-edit-unknown = I can't find out whether WaveSpeed took your edit. I don't buy it a second time by myself; { $held } stays set aside until it is settled. Please tell the bot's owner, with the number { $edit }; or send it again if you can't wait.
error-person-unreachable = I can't reach you.
error-messenger-busy = Telegram has trouble right now. Please try again in a minute. Nothing was charged.

## Albums, masks, questions

late-part = That picture came after I had begun with the others, so I left it out. Nothing was charged for it. Send them all again together if it matters.
one-of-an-album = In a group I only see one picture of an album. To edit just a part, reply to this picture with its mask.
ask-use = You sent { $count } pictures. What are the others for?
ask-region = I think this is the part to edit. Is it?
ask-model = That is { $count } pictures, and { $model } takes { $limit }. Which model should edit them?
option-use-mask = Mask: edit only the marked part
option-use-together = Use together
option-use-each = Edit each · { $price }
option-use-first = Only the first
option-use-picture = It is a second picture
option-region-confirmed = Edit here
option-region-inverted = Invert
option-model = { $title } · { $price }
option-cancel = Cancel
button-taken = Thanks!
button-cancelled = Cancelled. Nothing was charged.
button-too-late = That was answered already.
button-not-yours = That button belongs to somebody else.
button-unknown = That button no longer works. Please send the picture again.
note-masked = Only the marked part was edited; the rest is your original, pixel for pixel.
note-not-finished = The model gave back another shape, so the rest could not be kept as it was.
note-no-mask-field = { $model } takes no mask, so I kept the rest myself.
option-file = Original file
file-sent = Here it is.
file-gone = I no longer keep that picture; results are kept for { $days } days.
file-caption = The picture as it is, without Telegram's compression.

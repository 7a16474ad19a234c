# Every sentence of the bot, in English. Another language is another file with the same keys.
# Plain text: nothing here or in what is filled in is read as markup.

## Commands

start =
    Hi { $name }! Send me a photo and write in its caption what to change, for example “make the sky stormy”. I send back the edited picture. “/create a fox in the snow” makes a new one.

    Each edit costs a little: with your settings { $price }. /model, /quality and /size change them, /spend shows what you used, /help the rest.
help =
    How it works
    • Send a photo with a caption that says what to change.
    • Without a caption I ask what to change; just write it.
    • Send the picture as a file to keep every pixel.
    • /create a fox in the snow — makes a new picture from words alone.

    Settings
    /model — which model edits, for example { $models }; “/model” alone shows all
    /quality — how fine, for example “/quality high”
    /size — the shape, for example “/size portrait” or “/size 16:9 2k”; “/size auto” keeps your picture's shape
    /settings — all of them with buttons, also photo or file, how many results, and when to ask you first
    /history — your last pictures, and the same again
    /cancel — takes back what is not with the provider yet
    /spend — what you used, and what is left of your limits; “/spend csv” sends it all as a file

    Now: { $settings }, { $price } an edit.
text-without-picture = Send me the picture first, with a caption that says what to change. Or write /create and what a new picture should show. /help shows how.
unknown-command = I don't know that command. /help lists what I can do.
unusable-message = { $kind ->
    [voice] I can't listen yet.
    [video] I edit still pictures, no videos; a screenshot of it would do.
    [details] I have no use for contacts and places, and keep none.
    [game] That's more fun than I can have.
   *[other] I can only work with pictures.
} Send a photo, or an image as a file, with a caption that says what to change.
not-served = Sorry, this bot is private and you are not on its list. Its owner can add your id: { $id }.

model-current =
    Model: { $title }, { $price } an edit with your settings.
    Or type it: /model { $example }
model-changed = Done: { $title } from now on, { $price } an edit.
model-masked = { $title } only edits a part that you mark in the picture.
quality-current =
    Quality: { $value }, { $price } an edit with { $title }.
    Or type it: /quality { $example }
quality-none = { $title } has no quality to choose.
quality-changed = Done: quality { $value } from now on, { $price } an edit.
size-current =
    Size: { $value }, { $price } an edit with { $title }.
    Auto keeps your picture's shape. Or type it: /size portrait
size-changed = Done: size { $value } from now on, { $price } an edit.
size-fixed = { $title } has no sizes to choose, so nothing is changed.
nearest = { $title } has no { $wished }, so I use the nearest, { $used }.
spend =
    Today { $today }, this month { $month }, ever { $ever }.
spend-held = { $held } is set aside for edits that are not finished.
spend-unknown = { $held } of it is for edits that got lost: nobody knows yet whether the provider took them. The bot's owner will settle that.
spend-limit = { $which ->
    [user-day] Today
    [user-month] This month
    [group-day] This group today
   *[bot-day] Everybody together today
}: { $left } of { $limit } left, renews in { $days ->
    [0] { $hours ->
        [0] less than an hour
        [one] 1 hour
       *[other] { $hours } hours
    }
    [one] 1 day
   *[other] { $days } days
}
spend-zone = Days and months start at midnight, { $zone }.
spend-group = This group: { $today } today, { $month } this month.
spend-own = You, everywhere: { $today } today, { $month } this month. More in private: /spend
spend-chart = Last { $days } days
spend-chart-group = This group, last { $days } days
spend-csv = Every movement of your money. Open it in any spreadsheet.
spend-csv-none = You have spent nothing yet, so there is nothing to list.
spend-csv-private = I send that in private only. Ask me there: /spend csv
spend-model = { $title }: { $spent } for { $edits ->
    [one] 1 edit
   *[other] { $edits } edits
}

## Intake

ask-prompt = Nice picture! What should I change? Just write it.
ask-prompt-price = That costs { $price }.
ask-create-words = What should the new picture show? Just write it as a reply to this.
create-with-picture = /create makes a new picture from words alone, so I left yours as it is. To edit it, write what to change without “/create”: in its caption, or in a reply to it. Nothing was charged.

## Progress

stage-queued = 🕓 In the queue…
stage-uploading = ⬆️ Preparing your picture…
stage-waiting-turn = 🕓 The provider is busy; your edit waits for its turn. Nothing is lost. { $seconds } s
stage-waiting-turn-expected = 🕓 The provider is busy; your edit is number { $place } in the line, about { $expected } s more. Nothing is lost.
stage-editing = 🎨 { $what ->
    [words] Painting
   *[picture] Editing
}… { $seconds } s
stage-editing-expected = 🎨 { $what ->
    [words] Painting
   *[picture] Editing
}… { $seconds } s of about { $expected } s
stage-finishing = ✨ Almost done…
stage-sending = 📤 Sending…
result-as-file-only = { $count ->
    [one] Too long and narrow for a photo, so here it is as a file.
   *[other] Too long and narrow for photos, so here they are as files.
}
album-some = { $count } of { $all } came out.
album-choose = Choose a picture to go on with:
batch-ready = { $done } of { $count } done

## What admins are told unasked

notice-exhausted = ⚠️ WaveSpeed says that its account is empty. I take no new edits with its models until it is topped up; I notice that by myself.
notice-refilled = ✅ WaveSpeed's account has { $balance }, so I take edits again.
notice-low-balance = ⚠️ WaveSpeed's balance is { $balance }, below your { $limit }. Please top it up before it is empty.
notice-drift = ⚠️ WaveSpeed's bills and our charges differ by { $drift } (charged { $charged }, billed { $billed }): { $edits } edits disagree, { $strangers } billed predictions are not ours. /admin shows more.
notice-restored = ⚠️ I was restored from a backup of { $at } UTC. What was bought after that is not in my books. { $edits ->
    [0] No edit was under way then.
    [one] 1 edit was under way then: its money stays set aside until it is found, or settled in /admin.
   *[other] { $edits } edits were under way then: their money stays set aside until they are found, or settled in /admin.
}

## Errors: what happened, whether it cost anything, what to do

error-internal = Something went wrong on my side. You were not charged. Please try again; if it happens again, tell the bot's owner.
error-result-away = I can't get that picture from my store right now. Please try again in a few minutes. Nothing was charged.
not-taken-in = I can't write anything down right now, so what you sent has to wait. I take it up by myself later; you need not send it again.
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
error-mask-missing = { $model } only edits a part that you mark. Paint over it in Telegram's editor and send that as a reply to the picture with what to change, or choose another model with /model. Nothing was charged.
error-prompt-missing = Please say what to change: write it in the caption, or just send it as a message now. Nothing was charged.
error-prompt-too-long = That is { $length } characters, and { $model } takes { $limit }. Please shorten it. Nothing was charged.
error-model-unknown = I don't know a model “{ $name }”. You can choose: { $offered }; /model shows all.
error-model-unclear = “{ $name }” could be { $offered }. Write one of them after /model; /model alone shows all.
error-model-withdrawn = { $name } is no longer offered by the provider. You can choose: { $offered }; /model shows all.
error-quality-unknown = “{ $value }” is no quality of { $model }. You can choose: { $offered }.
error-size-unknown = “{ $value }” is no size I know. You can choose: { $offered }; or for example portrait, 2:3 or 1024x1536, up to 3:1.
error-too-many-pictures = That is { $count } pictures, and { $model } takes { $limit }. Please send fewer. Nothing was charged.
error-only-edits = { $model } edits pictures and makes none from words alone. { $count ->
    [0] No other model here does so now.
   *[other] These do: { $offered }. Choose one with /model.
} Nothing was charged.
error-price-unknown = I don't know what { $model } costs with these settings, so I bought nothing. Please choose another with /model.
error-over-budget = This would cost { $price }, but { $which ->
    [user-day] your limit of { $limit } a day leaves { $left }
    [user-month] your limit of { $limit } a month leaves { $left }
    [group-day] this group's limit of { $limit } a day leaves { $left }
   *[bot-day] the bot's limit for everybody leaves { $left } today
}. { $hours ->
    [0] It renews within the hour.
    [one] It renews in 1 hour.
   *[other] { $days ->
        [0] It renews in { $hours } hours.
        [one] It renews in 1 day.
       *[other] It renews in { $days } days.
    }
} Nothing was charged. /spend shows your limits; a cheaper /quality or /model may fit.
error-too-many-waiting = { $waiting ->
    [0] That is { $wanted } edits at once, and at most { $limit } fit. Please ask for fewer: send fewer pictures, or choose fewer results in /settings.
    [one] You have 1 edit that is not done yet, and with { $wanted } more it would be more than { $limit }. Please send it again when it is done.
   *[other] You have { $waiting } edits that are not done yet, and more than { $limit } can't wait. Please send it again when some are done.
} Nothing was charged.
paused-admin = As an admin you can resume me: /admin
error-intake-paused = I am paused and take no new edits for now. Nothing was charged; please send it again later.
error-account-empty = The { $provider ->
    [openai] OpenAI
   *[wavespeed] WaveSpeed
} account that pays for this model is empty, so I can't take any now. The admins know. Nothing was charged; please send it again later.
error-not-served = Sorry, this bot is private and you are not on its list.
error-request-forgotten = I was put back to an earlier state and forgot what became of this. If you have no answer to it yet, please send it again.
error-imaging-failed = That picture is too much for me to work on. Please make it smaller and send it again. Nothing was charged.
error-not-sent = The provider can't be reached. You were not charged. Please try again later.
error-throttled = The provider is too busy to take your edit. You were not charged. Please try again later.
error-key-rejected = The provider does not accept this bot's key. You were not charged. Please tell the bot's owner.
error-credits-exhausted = The account that pays for this model is empty. Please tell the bot's owner. You were not charged; please send it again later.
error-model-gone = The provider no longer offers this model, so your edit was not made. You were not charged. Please send it again with another one: /model shows them.
error-content-refused = The content check refused this edit. You were not charged. Please change the words or the picture.
error-input-rejected = The provider did not accept this edit. You were not charged. Please try another model with /model, or other words.
error-answer-lost = I lost the provider's answer and am finding out what became of your edit.
error-provider-down = The provider has trouble right now. You were not charged. Please try again later.
error-no-such-prediction = The provider no longer knows your edit, so no picture will come. You were not charged. Please send it again.
error-moderated = The content check refused this edit. You were not charged. Please change the words or the picture.
error-input-unusable = The model could not use this picture or these words. You were not charged. Please try other words or another picture.
error-provider-broke = The provider failed to make this edit. You were not charged. Please try again.
error-output-unusable = The provider made something that I can't open as a picture. It bills it all the same: { $charged }. Please tell the bot's owner, with the number { $edit }.
error-edit-unknown = I can't find out whether the provider took your edit. I don't buy it a second time by myself; { $held } stays set aside until it is settled. Please tell the bot's owner, with the number { $edit }; or send it again if you can't wait.
error-edit-found-billed = The bot's owner looked into it: the provider billed your edit, but its picture is lost. You were charged { $charged }. Please ask the owner, with the number { $edit }, if that is wrong.
error-edit-found-free = The bot's owner looked into it: the provider never made your edit. You were not charged. Please send it again.
error-person-unreachable = I can't reach you.
error-arrival-unknown = Telegram did not confirm that your picture arrived. If you don't see it, /history shows it.
error-messenger-busy = Telegram has trouble right now. Please try again in a minute. Nothing was charged.

## Albums, masks, questions

words-too-late = I had begun already, with the words as they were. When the picture is there, reply to it with what to change.
late-part = That picture came after I had begun with the others, so I left it out. Nothing was charged for it. Send them all again together if it matters.
caption-is-command = That caption is a command, so I edited nothing. Send the picture again with what to change.
ask-use = You sent { $count } pictures. What are the others for?
ask-region = I think this is the part to edit: “{ $prompt }”. Is it?
ask-album = In a group I only see one picture of an album. To edit just a part, send its mask as a reply to it. Or should I edit the whole picture?
ask-model = That is { $count } pictures, and { $model } takes { $limit }. Which model should edit them? /model shows all.
ask-successor = { $name } is no longer offered. { $title } takes over, at { $price } an edit{ $before ->
    [unknown] {""}
   *[other] {" "}instead of { $before }
}. Which model should I use from now on?
model-spared = I use { $title } for this one, since your limit leaves { $left }. /spend shows your limits, /model all models.
model-moved = { $name } is no longer offered, so I use { $title } from now on: { $price } an edit. /model shows all.
ask-create = { $model } edits pictures and makes none from words alone. Which model should make this one?
option-use-mask = Mask: edit only the marked part
option-use-together = Use together
option-use-each = Edit each · { $price }
option-use-first = Only the first
option-use-whole = Edit the whole picture · { $price }
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

## Settings with buttons

profile-description =
    Send me a photo and write in its caption what to change, for example “make the sky stormy”. I send back the edited picture.

    A second picture can be a mask that says where. Every edit has a price, and you see it before you choose. Press Start.
profile-short-description = Edits your photos: write in the caption what to change, and get the picture back.
command-start = Say hello, and what an edit costs
command-help = How it works, and your settings
command-edit = Edit the photo you reply to
command-create = Make a new picture from words alone
command-model = Choose the model
command-quality = Choose the quality
command-size = Choose the shape and resolution
command-settings = All settings
command-history = Your last pictures, and the same again
command-cancel = Take an edit back
command-spend = What you spent
command-admin = People, groups, limits and edits
kept-for-others = { $title } has no { $what ->
    [quality] quality
    [resolution] resolution
    [complexity] complexity
   *[aspect] shape
} to choose; your “{ $value }” stays for other models.
label-priced = { $name } · { $price }
label-current = ✓ { $name }
label-back = ‹ Settings
setting-kept = Saved.
setting-name = { $value ->
    [model] Model
    [quality] Quality
    [size] Size
    [complexity] Complexity
    [delivery] Delivery
    [results] Results
    [confirm] Ask first
    [finishing] Mask finishing
   *[other] { $value }
}
settings-current = Your settings, { $price } an edit:
settings-line = • { $name }: { $value }
quality-name = { $value ->
    [low] Low
    [medium] Medium
    [high] High
    [xhigh] Extra high
    [max] Max
   *[other] { $value }
}
complexity-name = { $value ->
    [low] Low
    [medium] Medium
    [high] High
    [model] Model decides
   *[other] { $value }
}
complexity-current =
    Complexity: { $value }
    How much the model plans ahead: high helps with lots of text and busy layouts, and takes longer. It costs nothing extra.
complexity-none = { $title } has no complexity to choose.
aspect-name = { $value ->
    [auto] Auto
    [model] Model decides
   *[other] { $value }
}
delivery-name = { $value ->
    [photo] Photo
    [file] File
    [both] Both
   *[other] { $value }
}
delivery-current = { $value ->
    [file] Results come as a file: every pixel, without Telegram's compression.
    [both] Results come as a photo, and as a file with every pixel.
   *[photo] Results come as a photo: quick to look at, compressed by Telegram. The button under it gets the file.
}
results-current = { $count ->
    [one] Each request makes 1 picture, for { $price }.
   *[other] Each request makes { $count } pictures, for { $price }. They come as an album; what fails costs nothing.
}
results-several = { $count } results of each
confirm-never = Never
confirm-current =
    Ask first: { $value }
    Before an edit that costs more, I ask whether you want it.
confirm-above = Above { $price }
switch-name = { $value ->
    [on] On
   *[off] Off
}
finishing-current = { $value ->
    [on] Mask finishing is on: outside a mask your picture stays as it is, pixel for pixel.
   *[off] Mask finishing is off: you get the model's own picture, which may also differ outside a mask.
}

note-unfinished = Mask finishing is off, so this is the model's own picture; it may differ outside the marked part.

## The admin panel

admin-private = I show that in private only. Write /admin to me there.
admin-help =
    /admin — the panel
    /admin find ann — people and groups by name, @username or id
    /admin limit 12345 2.50 day — a limit; also “month”, and “none” or “default” instead of an amount
    /admin edit abcd1234 — one edit, by the number that its person was told
    /admin csv 30 — all movements of money of 30 days; without a number, of all time
admin-limit-help = Write it as “/admin limit 12345 2.50 day”: a person's id (or a group's, with its minus), dollars or “none” or “default”, then “day” or “month”. Groups have a limit for the day only.
admin-done = Done.
admin-done-before = That was settled before; nothing is changed.
admin-button = { $name ->
    [people] People
    [groups] Groups
    [today] Today
    [running] Running
    [unknown] Unknown
    [pause] ⏸ Pause
    [resume] ▶️ Resume
    [approve] Approve
    [deny] Deny
    [block] Block
    [unblock] Unblock
    [all] All members
    [each] Each by approval
    [limit-day] Day limit
    [limit-month] Month limit
    [no-limit] No limit
    [default] As everybody
    [edits] Edits
    [charged] Charged
    [free] Not charged
    [refund] Give it back
    [billing] Check billing now
    [csv] All as CSV
    [refresh] ↻
    [back-people] ‹ People
    [back-groups] ‹ Groups
    [back-person] ‹ Person
   *[back] ‹ Back
}
admin-overview = Today: { $spent } for { $edits ->
    [one] 1 edit
   *[other] { $edits } edits
} of { $people ->
    [one] 1 person
   *[other] { $people } people
}, { $failed } failed; { $held } held.
admin-waiting = 🕓 Waiting for your approval: { $people ->
    [one] 1 person
   *[other] { $people } people
}, { $groups ->
    [one] 1 group
   *[other] { $groups } groups
}.
admin-unknown-some = ❓ { $count ->
    [one] 1 edit
   *[other] { $count } edits
} of unknown fate to settle.
admin-empty = ⚠️ WaveSpeed's account is empty, so nothing new is taken up for its models.
admin-paused = ⏸ Paused: nothing new is taken up.
admin-resumed = New edits are taken up again.
admin-list = { $which ->
    [groups] { $count ->
        [0] No groups yet.
       *[other] Groups, waiting ones first:
    }
   *[people] { $count ->
        [0] Nobody yet.
       *[other] People, waiting ones first:
    }
}
admin-found = { $count ->
    [0] Nobody and no group is called “{ $wanted }”.
   *[other] “{ $wanted }”:
}
admin-label = { $standing ->
    [waiting] 🕓 { $name }
    [blocked] ⛔ { $name }
    [denied] ✖ { $name }
   *[other] { $name }
}
admin-standing = { $standing ->
    [admin] An admin.
    [waiting] 🕓 Waits for approval.
    [approved] Approved.
    [denied] ✖ Denied.
    [blocked] ⛔ Blocked.
   *[unknown] Nobody decided yet.
}
admin-standing-group = { $standing ->
    [waiting] 🕓 Waits for approval.
    [approved] Approved for all members.
    [approved-each] Approved; each member needs approval.
    [denied] ✖ Denied.
    [blocked] ⛔ Blocked.
   *[unknown] Nobody decided yet.
}
admin-limit = { $period ->
    [day] A day
   *[month] A month
}: { $limit ->
    [none] no limit
   *[other] { $left } of { $limit } left
}{ $own ->
    [yes] , set by an admin
   *[no] {""}
}
admin-limit-choose = Choose, or type any amount: /admin limit { $id } 2.50 { $period }
admin-top = { $number }. { $name }: { $spent } for { $edits ->
    [one] 1 edit
   *[other] { $edits } edits
}
admin-balance = WaveSpeed has { $left } left.
admin-balance-down = WaveSpeed's balance can't be read now.
admin-books-none = Billing was not compared yet.
admin-books = Billing { $since } – { $until } (later bills may still change): charged { $ours }, billed { $billed }.
admin-books-agree = ✓ They agree.
admin-books-drift = ⚠️ { $drift } apart. Edits to look at: { $edits } ({ $named }); bought elsewhere with this key: { $strangers }.
admin-books-down = WaveSpeed's billing can't be read now. Please try again later.
admin-edits = { $which ->
    [running] { $count ->
        [0] Nothing is running.
        [one] 1 edit is under way.
       *[other] { $count } edits are under way.
    }
    [unknown] { $count ->
        [0] No edit is of unknown fate.
        [one] Nobody knows whether the provider took this edit. Its money stays held until you settle it.
       *[other] Nobody knows whether the provider took these { $count } edits. Their money stays held until you settle them.
    }
   *[person] { $count ->
        [0] No edits yet.
       *[other] Their last edits:
    }
}{ $stuck ->
    [0] {""}
   *[other] {" "}⚠️ { $stuck } longer than usual.
}
admin-edit-label = { $stuck ->
    [yes] ⚠️{" "}
   *[no] {""}
}{ $name } · { $price } · { $state } · { $age }
admin-age = { $days ->
    [0] { $hours ->
        [0] { $minutes } min
       *[other] { $hours } h
    }
   *[other] { $days } d
}
admin-edit = Edit { $id } of { $who }
admin-edit-state = { $model } · { $state } · { $age } ago
admin-edit-money = Held { $held }, charged { $charged }.
admin-edit-reason = Why: { $reason }
admin-edit-unknown = Nobody knows whether the provider took it. Look for it in the provider's billing, then settle it.
admin-edit-none = I know no edit of that number. Write at least its first four characters: /admin edit abcd1234
admin-edit-help = Write it with the edit's number, or at least its first four characters: /admin edit abcd1234. Its person was told the number; the lists in /admin lead to edits, too.
admin-state = { $state ->
    [held] accepted
    [queued] in the queue
    [submitting] being sent
    [running] at the provider
    [finishing] being finished
    [delivering] being delivered
    [done] done
    [failed] failed
    [cancelled] cancelled
    [unknown] unknown
   *[undeliverable] not deliverable
}
admin-sure = { $act ->
    [block] Block { $who }? They get one sentence, then silence. What is not bought yet for them is cancelled.
    [shut] Block the group { $who }? I won't answer there any more, and cancel what is not bought yet.
    [charged] Settle it as charged? { $who } pays { $price }.
   *[refund] Give { $price } back to { $who }?
}
admin-sure-yes = { $act ->
    [charged] Yes, charged
    [refund] Yes, give it back
   *[block] Yes, block
}
refunded = Your { $price } for the edit { $edit } were given back; they no longer count for your limits.
approved = Good news, { $name }: an admin lets you use this bot now. Send me a photo with a caption that says what to change.
admin-csv = All movements of money. Open it in any spreadsheet.
admin-csv-none = Nothing was spent in that time.
admin-csv-large = That is more than Telegram takes in one file. Ask for fewer days: /admin csv 90
admin-csv-failed = Telegram did not take the file. Please try again.

## Cancelling

cancel-nothing = There is nothing to cancel: none of your edits is under way here.
cancel-which = Which one shall I cancel?
cancel-bought = It is with the provider already, so it is charged ({ $price }). The picture comes when it is ready.
cancel-some = Cancelled { $free } of { $count }. The rest is with the provider already, so it is charged ({ $price }).
cancel-over = That edit has ended already.
cancel-not-yours = Only who asked for an edit can cancel it, or an admin of the group.

## The next step after a result

option-again = Again
option-better = Better quality
option-compare = Before/after
option-models = Other model…
option-back = ‹ Back
models-more = /model shows all.
option-again-with = Again with { $title }
option-priced = { $label } · { $price }
option-confirmed = Yes · { $price }
compare-caption = Before and after.
step-taken = On its way, for { $price }.
step-taken-already = You pressed that one already; its picture is there, or on its way.
ask-confirm = That costs { $price }. Shall I go ahead?

## Groups, and progress

group-welcome-some =
    Hello! I edit pictures; who asks for an edit pays for it.
    Write “/edit@{ $bot } make the sky stormy” as a photo's caption or in a reply to a photo, “/create@{ $bot } a fox in the snow” for a new picture, or reply to my messages.
    That is all I get to see here: Telegram keeps everything else from me.
group-welcome-all =
    Hello! I edit pictures; who asks for an edit pays for it.
    Write “/edit make the sky stormy” or mention @{ $bot } as a photo's caption or in a reply to a photo, “/create a fox in the snow” for a new picture, or reply to my messages.
    I get to see everything here, and touch nothing that isn't for me.
group-sees-some = From now on I only get to see “/edit@{ $bot } …”, “/create@{ $bot } …” and replies to my messages.
group-sees-all = I get to see everything here now, so “/edit …”, “/create …” or a mention of @{ $bot } is enough, too. I touch nothing that isn't for me.
group-not-served = Sorry, I only work for people whom my admins approved.
group-nobody = I can't tell who you are: what is sent as a group or a channel can't be charged to anybody. Please ask as yourself.
group-status = { $count ->
    [one] One picture in the works
   *[other] { $count } pictures in the works
}
group-status-line = { $name }, “{ $prompt }”: { $stage }
group-status-more = … and { $count } more
stage-queued-place = 🕓 In the queue: yours is number { $place }.
stage-waiting-turn-place = 🕓 The provider is busy; your edit is number { $place } of those that wait. Nothing is lost. { $seconds } s

## Who may use it

access-asked = Hello! I work for people whom my admins approve, so I asked them about you. I'll tell you when they have decided.
access-waiting = My admins were asked about you and have not decided yet. I'll tell you when they do.
access-nobody = I work for people whom my admins approve, but I could not reach any of them yet. Please write again later.
access-denied = Sorry, my admins decided not to let you use this bot.
access-blocked = You are blocked here, so I don't answer you any more.
access-press = Sorry, I don't work for you here, so that button does nothing.
access-ask-person =
    Somebody would like to use me, and you would pay for it:
    { $who }
access-ask-group =
    I was added to a group, and you would pay for what is edited there:
    { $group }
    Asked for by { $by }
option-access = { $choice ->
    [approve] Approve
    [daily] Approve with { $limit } a day
    [all] Approve for all members
    [members] Approve, each member needs approval
   *[deny] Deny
}
access-decided =
    { $who }
    { $choice ->
        [daily] Approved with { $limit } a day by { $admin }.
        [all] Approved for all members by { $admin }.
        [members] Approved by { $admin }; each member needs approval, too.
        [deny] Denied by { $admin }.
       *[approve] Approved by { $admin }.
    }
access-decided-already = That was decided already.
access-done = Done.
access-answer = { $choice ->
    [deny] Sorry, { $name }: my admins decided not to let you use this bot.
    [daily] Welcome, { $name }! My admins let you use this bot, for up to { $limit } a day. Send me a photo (again) with a caption that says what to change.
   *[approve] Welcome, { $name }! My admins let you use this bot. Send me a photo (again) with a caption that says what to change.
}
admin-only = That is for my admins only.
claim-done = You are my admin now. Everybody else has to ask, and I ask you. Send me a photo to try me, or /admin to look around.
claim-waiting = { $count ->
    [one] 1 more request waits
   *[other] { $count } more requests wait
} for you in /admin.
claim-used = That code was used already, by somebody else.
group-approved = My admin added me, so everybody here can ask.
group-asked = Hello! I only work in groups that my admins approve, so I asked them. Until they do, I do nothing here.
group-waiting = My admins have not approved this group yet, so I can't do anything here.
group-nobody-reached = I only work in groups that my admins approve, but I could not reach any of them yet. Please ask me again later.
group-closed = Sorry, I only work in groups that my admins approve. Goodbye!
group-answer = { $choice ->
    [deny] Sorry, my admins decided that I don't work here. Goodbye!
    [members] My admins approved this group. Each of you needs their approval, too: just ask me for something.
   *[all] My admins approved this group: everybody here can ask me now. Please send what you want again.
}

## Words to choose from, history

option-recent = ↺ { $prompt }
history-none = You have no edits yet. Send me a photo with a caption that says what to change.
history-line = { $number }. { $prompt } · { $price }
history-caption =
    { $number }. { $prompt }
    { $title } · { $price }
history-below = { $count ->
    [one] Your last edit.
   *[other] Your last { $count } edits, the newest first.
}
history-gone = { $line } (no longer kept)

"""The words courtesies are made of. A courtesy with any other word may state something."""

from __future__ import annotations

from assay.judges.text.words import word_set

_ENGLISH = """
i there's things luck check checking here's guidance i'd i'll i'm i've you you'd you'll you're you've we
we'd we'll we're us me my our your it it's its that that's this these those the a an any anything some
something everything else more other another further additional and or if whether how what what's which
when where to of for with on in at as by so very much just also then there here is are was be been am can
could will would should may do does don't not no like need want wish have has had require get know let
let's ask asking tell say see look take make please feel free hesitate reach reaching out contact
contacting touch drop message email call share provide providing send give help helps helped helpful
assist assistance support explain clarify clarifies clarification clarifications elaborate expand dig
dive deeper deep into walk through break down start begin go going continue discuss explore cover covers
summarize rephrase question questions query queries answer answers answered answering detail details
information info clear unclear specific particular different similar topic topics concern concerns issue
issues feedback example examples change changes changed adjust adjustment adjustments modify version
versions format hope hopes useful happy glad pleased great good nice lovely wonderful excellent
interesting pleasure welcome thank thanks thanking patience understanding interest sure certainly course
absolutely definitely okay ok yes problem worries right away thing day evening morning afternoon weekend
week rest today time anytime always again now later ahead next up follow follow-up point meant mean
wondering appreciate looking forward hearing from back soon following best wishes kind warm regards
sincerely faithfully cheers yours truly dear sir madam customer team hi hello hey greetings
"""

_GERMAN = """
ich wir sie du ihnen ihr ihre ihren ihrer dir dich mir mich uns es das dies diese dass die der den dem
ein eine einen einer und oder bei zu zur zum für mit auf im in an falls wenn sobald noch weitere weiteren
mehr etwas sonst andere anderen fragen frage haben hast habe hat brauchen benötigen möchten wünschen
sollten sollte können kann könnte stehe stehen gern gerne jederzeit verfügung helfen helfe hilft geholfen
weiter weiterhelfen weitergeholfen hilfe hilfreich unterstützung informationen details bitte lassen lass
wissen melden melde sich zögern kontaktieren hoffe hoffentlich konnte damit vielen herzlichen besten dank
danke anfrage nachricht interesse natürlich selbstverständlich klar geschehen schönen tag abend guten
morgen hallo liebe lieber geehrte geehrter freundlichen grüßen grüße gruß viele beste nicht einfach war
antwort antworten ist sind gut
"""

_FRENCH = """
je j vous te tu nous me m moi votre vos ta tes notre mon ma le la les l un une des de d du à au aux en et
ou si que qu cela ça ceci est sont avez as ai a avoir besoin d'autres d'autre autres autre plus questions
question informations information précisions détails aide aider aidé aidera utile espère n'hésitez n
hésitez pas hésite contacter demander poser faire savoir dites restez reste disposition volontiers ici
pour pourrais puis puis-je peux merci beaucoup bien sûr bonjour bonsoir salut bonne bon journée soirée
cordialement cordiales salutations bienvenue heureux ravi répond réponse répondu avec plaisir toute quoi
soit toujours quelconque supplémentaires j'espère d'informations d'aide s il plaît l'aide m'en dire
"""

_SPANISH = """
yo usted ustedes tú te le les me nos su sus tu tus mi el la los las lo un una unos de del al a en y o si
que esto eso esta es son tiene tienes tengas necesita necesitas necesites quiere quieres quieras desea
deseas más otra otras otro otros alguna algo pregunta preguntas duda dudas información detalles ayuda
ayudar ayude ayudarte ayudarle ayudado útil espero haya sido no dude dudes preguntar preguntarme
contactar contactarme contactarnos decirme hacérmelo saber avíseme avísame házmelo estoy aquí para con
gusto por supuesto claro gracias muchas hola buenos buenas días tardes noches saludos cordiales cordial
saludo atentamente buen día bienvenido responda respuesta consulta consultas
"""

_ITALIAN_PORTUGUESE = """
io tu lei voi ti le vi mi ci suo tuo tua il lo la i gli un una di del a al in e o se che questo questa è
sono hai ha avete bisogno altre altri altro ulteriori domande domanda informazioni dettagli aiuto aiutare
aiuti aiutarti aiutato utile spero sia stato stata possa non esitare esitate esiti chiedere chiedermi
contattarmi contattarci fammi sapere qui per con piacere certo certamente grazie mille molte ciao
buongiorno buonasera salve cordiali saluti prego benvenuto risposto risposta più eu você vocês te lhe me
nos seu sua meu minha os as um uma de do da em no na ou que isso isto é são tem tiver precisa precisar
precise quiser mais outra outras outro algo dúvidas dúvida perguntas pergunta informações detalhes ajuda
ajudar ajude ajudado útil espero ter tenha não hesite hesitar perguntar contatar entrar contato avise
estou aqui à disposição para com prazer claro certeza obrigado obrigada muito olá oi bom boa dia tarde
noite atenciosamente cumprimentos abraços bem-vindo
"""

_DUTCH_NORDIC = """
ik wij we u je jij jou uw jouw mij me ons het dat dit de een en of als mocht heeft heb hebt hebben nog
meer andere verdere vragen vraag hulp nodig helpen helpt geholpen help graag weten laat gerust stel
stellen neem contact op met voor informatie details hoop hoopt natuurlijk zeker bedankt dank wel hallo
hoi dag goedemorgen vriendelijke groet groeten fijne prettige jeg vi du deg dig meg mig oss os det dette
der har fler flere flera frågor spørsmål spørgsmål hjelpe hjelper hjælpe hjælper hjälpa hjälper håper
håber hoppas at att kan gjerne gärna gerne bare bara si sig säg til till fra från om mer mere trenger
behøver behöver hjelp hjælp hjälp selvfølgelig självklart tack takk tak hei hej god ta kontakt kontakte
kontakta spør spørge fråga med for för venlig vennlig hilsen hälsningar vänliga som tvek ikke inte nøl
tøv
"""

_RUSSIAN_ARABIC_KOREAN = """
я мы вы вас вам вами меня мне нам нас у если есть будут появятся возникнут ещё еще какие-либо другие
дополнительные вопросы вопрос вопросов нужна нужно помощь помочь поможет помогло полезно полезен
пожалуйста обращайтесь спрашивайте пишите дайте знать надеюсь что это эта этот ответ информация был была
будет рад рада всегда готов готова с радостью конечно разумеется здравствуйте привет добрый день вечер
утро спасибо большое за ваш обращение запрос уважением удачи хорошего дня не стесняйтесь задавать
свяжитесь со мной нами к услугам было مرحبا مرحباً بالتأكيد أهلا شكرا شكراً آمل أن يكون هذا مفيدا مفيداً
قد ساعدك إذا كان لديك أي أسئلة أخرى فلا تتردد في السؤال طرحها
بكل سرور لك 안녕하세요 감사합니다 도움이 되었기를 되었길 되셨기를
바랍니다 물론입니다 물론이죠 추가 질문이 있으시면 언제든지 말씀해 주세요 문의해 더 궁금한 점이 있으면
"""

COURTESY_WORDS = frozenset().union(
    *map(
        word_set,
        (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN_PORTUGUESE, _DUTCH_NORDIC, _RUSSIAN_ARABIC_KOREAN),
    )
)
"""Every word a courtesy may have, in small letters, e.g. `hesitate`."""

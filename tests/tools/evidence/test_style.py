"""The habits that a careful reader names of a few texts by one person, in many languages."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from guided_profile.graph.errors import InputError
from guided_profile.tools.evidence import style
from guided_profile.tools.evidence.marks import own_words
from guided_profile.tools.evidence.style import (
    HABITS,
    Habit,
    distance,
    kept,
    observations,
    style_of,
)


@dataclass(frozen=True)
class Corpus:
    """Texts of one person, one a line (" / " breaks it), and the habits they show, by constant."""

    language: str
    distinctive: str
    ordinary: str
    lines: str

    def __str__(self) -> str:
        return f"{self.language}: {self.texts[0][:30]}"

    @property
    def texts(self) -> list[str]:
        whole = [" ".join(line.split()) for line in self.lines.strip().splitlines()]
        return [line.replace(" / ", "\n") for line in whole]

    @property
    def named(self) -> list[Habit]:
        return [getattr(style, name) for name in (self.distinctive + " " + self.ordinary).split()]


CORPORA = [
    Corpus(
        "English",
        "LOWER_CASE NO_PUNCTUATION ABBREVIATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        omg i forgot to tell u about the concert
        ngl that movie was kinda boring
        idk if i can make it tmrw tbh
        lol same
        wait what time r we meeting
        pls send me the pics when u get home
        its fine dont worry abt it
        """,
    ),
    Corpus(
        "English",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        I finally finished the book you lent me last month. The ending surprised me more than most.
        We should leave before seven, as the traffic near the bridge is usually terrible.
        The soup needs a little more salt, but otherwise it turned out well.
        My sister is visiting this weekend. We are planning to see the new exhibition in the museum.
        I have never liked open-plan offices; they make it hard to think.
        Thank you for the recommendation. I will look it up tonight.
        """,
    ),
    Corpus(
        "English",
        "SHOUTING REPEATED_MARKS EMOJI EMOJI_ROW",
        "CAPITAL_FIRST SHORT",
        """
        OMG I am SO excited for tomorrow!!!
        This is the BEST pizza I have EVER had!!
        Happy birthday to my favorite person 🎉🎉🎂
        I can't believe we WON!!! 🙌🙌
        Who else is watching the finale tonight??? 😱
        Yesss I got the job!!! 🎉🎉🎉
        """,
    ),
    Corpus(
        "English",
        "DASH ASIDE",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        The API returns JSON (see the docs) but the schema is wrong.
        We moved the build to the new CI server — it is twice as fast now.
        USB drivers on that laptop are broken again; I filed a ticket with HR and IT.
        I'd rather use SQL here — the ORM hides too much.
        The PDF export works (I tested it on three machines).
        HTTP 500 again. Someone restarted the DB — probably the nightly job.
        """,
    ),
    Corpus(
        "English",
        "TRAILING_DOTS OPEN_END LOWER_FIRST LOWER_CASE",
        "SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        well... I guess we could try again
        not sure about that one... maybe next week
        so tired today... need coffee
        I mean.. it's okay
        he said he'd call... he didn't
        sounds good
        """,
    ),
    Corpus(
        "English",
        "LONG",
        "CAPITAL_FIRST FULL_STOP NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        We bought this tent for a week in the hills and it kept us dry through two \
            nights of heavy rain. Putting it up takes ten minutes once you have done it a \
            couple of times, and the bag is large enough.
        The hotel is close to the station, which matters if you arrive late as we did. \
            Our room faced the yard and was quiet, although the heating made a noise in the \
            morning. Breakfast is simple and good.
        I had read the reviews before I ordered and was still surprised by how heavy \
            this pan is. It holds the heat very well and nothing sticks to it, but you will \
            want both hands to lift it from the stove.
        After three months of daily use the left pedal began to click, so I took the \
            bicycle back to the shop. They replaced the bearing within the hour and asked \
            for nothing, which is why I can recommend them.
        The second volume takes up where the first one ends and gives far more room to \
            the sister, who turns out to be the better character. If you liked the slow \
            chapters on the island, you will be happy here.
        """,
    ),
    Corpus(
        "English",
        "VERY_SHORT OPEN_END",
        "CAPITAL_FIRST NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        ok
        Sure.
        On my way
        Nope
        Sounds good
        Thanks
        Later
        """,
    ),
    Corpus(
        "English",
        "HASHTAG",
        "CAPITAL_FIRST SHORT NO_ABBREVIATION",
        """
        @ben Loved the talk today! #pycon
        Sunday run done. 10k in the rain 🏃 #running #nopainnogain
        New post is up: https://example.org/post #writing
        Coffee first, then everything else. #monday
        @lisa_k that made my day #thankful
        Anyone else's train cancelled? #commute
        """,
    ),
    Corpus(
        "German",
        "LOWER_CASE OPEN_END ABBREVIATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        ich komme heute etwas später, muss noch einkaufen
        hast du den schlüssel mitgenommen?
        vllt gehen wir morgen ins kino
        das essen war echt lecker
        kp, frag mal lena
        bin in zehn minuten da
        """,
    ),
    Corpus(
        "German",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        Die Schifffahrt auf dem Rhein war wegen des Hochwassers eingestellt.
        Im Garten blühen jetzt die ersten Tulpen.
        Ich habe gestern die ganze Nacht gelesen, weil ich nicht schlafen konnte.
        Das Brot vom Bäcker an der Ecke schmeckt mir am besten.
        Wir treffen uns um acht Uhr im Café.
        """,
    ),
    Corpus(
        "French",
        "LOWER_CASE NO_PUNCTUATION OPEN_END ABBREVIATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        slt tu fais quoi ce soir
        tkt c pas grave mdr
        jsp pk il répond pas
        g trop faim la
        bcp de taf cette semaine
        bjr, vous êtes dispo demain ?
        """,
    ),
    Corpus(
        "French",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_ABBREVIATION",
        """
        C'est dommage que l'exposition soit déjà terminée.
        J'ai adoré le concert d'hier soir !
        Est-ce que tu peux m'envoyer l'adresse du restaurant ?
        Il n'y a plus de pain, j'en achète en rentrant.
        Quel temps magnifique, profitons-en !
        D'accord pour dimanche, je m'occupe du dessert.
        """,
    ),
    Corpus(
        "Spanish",
        "LOWER_CASE LAUGHTER STRETCHING ABBREVIATION OPEN_END VERY_SHORT",
        "NO_EXCLAMATION",
        """
        jajaja no puede ser
        q haces hoy??
        tmb voy jaja
        holaaa como estas
        jajajaja me muero 😂😂
        nooo otra vez no
        xq no viniste?
        """,
    ),
    Corpus(
        "Spanish",
        "OPENING_MARKS",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_ABBREVIATION",
        """
        ¿Has visto la nueva serie? Me parece muy buena.
        ¡Qué alegría verte ayer!
        Mañana no puedo, tengo una reunión por la tarde.
        ¿A qué hora sale el tren?
        ¡Feliz cumpleaños, Marta!
        El paquete llegó el martes.
        """,
    ),
    Corpus(
        "Portuguese",
        "LOWER_CASE LAUGHTER ABBREVIATION OPEN_END VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        kkkkk muito bom
        vc vai hoje?
        tb quero kkkk
        blz, te vejo lá
        pq não veio? rsrs
        hj não dá, desculpa
        """,
    ),
    Corpus(
        "Russian",
        "LOWER_CASE EMOTICON ABBREVIATION OPEN_END VERY_SHORT NO_PUNCTUATION",
        "NO_EMOJI NO_EXCLAMATION",
        """
        привет) как дела
        спс большое))
        ну хз если честно
        завтра мб приду)
        ахахах это было смешно
        ладно, договорились))
        """,
    ),
    Corpus(
        "Russian",
        "REPEATED_MARKS EXCLAMATION SHOUTING",
        "CAPITAL_FIRST SHORT NO_EMOJI NO_ABBREVIATION",
        """
        Как же я люблю этот город!!!
        НИКОГДА больше не пойду в это кафе!!
        Спасибо огромное за подарок!!!
        Это ОЧЕНЬ вкусно, попробуйте!
        Сегодня идём на концерт, УРА!!!
        """,
    ),
    Corpus(
        "Greek",
        "LAUGHTER VERY_SHORT",
        "CAPITAL_FIRST FULL_STOP NO_EMOJI NO_ABBREVIATION",
        """
        Καλημέρα, τι κάνεις;
        Θα έρθω αργότερα, έχω δουλειά.
        Χαχαχα, δεν το πιστεύω!
        Πού είναι τα κλειδιά;
        Το φαγητό ήταν πολύ ωραίο.
        χαχα ναι, συμφωνώ.
        """,
    ),
    Corpus(
        "Turkish",
        "LOWER_CASE ABBREVIATION STRETCHING EMOJI OPEN_END VERY_SHORT NO_PUNCTUATION",
        "NO_EXCLAMATION",
        """
        slm nbr
        tmm yarın görüşürüz
        çooook güzel olmuş
        tşk ederim canım ❤️
        bugün gelemem kusura bakma
        yaaa çok üzüldüm 😢
        """,
    ),
    Corpus(
        "Polish",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        Wczoraj byłam z siostrą w kinie, film był średni.
        W sobotę jedziemy do Krakowa.
        Nie lubię wstawać wcześnie rano.
        Książka leży na stole w kuchni.
        Z przyjemnością pomogę ci w przeprowadzce.
        """,
    ),
    Corpus(
        "Arabic",
        "LAUGHTER STRETCHING OPEN_END VERY_SHORT NO_PUNCTUATION",
        "NO_EXCLAMATION",
        """
        هههههه والله صح
        شكرا جزيلا على المساعدة
        وينك اليوم؟؟
        جدااااا حلو الفيلم 😍
        ههههه ما اصدق
        تعال بسرررعة
        """,
    ),
    Corpus(
        "Arabic",
        "",
        "FULL_STOP NO_EMOJI NO_EXCLAMATION SHORT",
        """
        وصلت إلى المكتب متأخراً بسبب الازدحام.
        أعتقد أن الكتاب يستحق القراءة، خاصة الفصل الأخير.
        هل يمكنك إرسال العنوان؟
        سأزور والديّ في نهاية الأسبوع.
        الطقس جميل اليوم، لنخرج للمشي.
        """,
    ),
    Corpus(
        "Hindi",
        "MIXED_SCRIPTS OPEN_END",
        "SHORT NO_EXCLAMATION",
        """
        आज office में बहुत काम था यार
        कल की meeting cancel हो गई
        मुझे वो movie बिल्कुल पसंद नहीं आई 😅
        weekend पर क्या plan है?
        खाना बहुत अच्छा था।
        please जल्दी आना
        """,
    ),
    Corpus(
        "Hindi",
        "",
        "FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION",
        """
        मैं कल सुबह की ट्रेन से दिल्ली जा रहा हूँ।
        यह किताब मुझे बहुत अच्छी लगी।
        आप कैसे हैं? बहुत दिनों से बात नहीं हुई।
        आज बारिश के कारण स्कूल बंद रहा।
        माँ ने शाम को खीर बनाई थी।
        """,
    ),
    Corpus(
        "Chinese",
        "LAUGHTER STRETCHING TRAILING_DOTS VERY_SHORT",
        "NO_EMOJI",
        """
        哈哈哈哈笑死我了
        好的～明天见～
        今天好累啊。。。
        太好吃了吧！！！
        哈哈哈真的假的
        晚安～
        不想上班。。。
        """,
    ),
    Corpus(
        "Chinese",
        "",
        "FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION",
        """
        昨天和朋友一起去爬山，风景非常美。
        这本书写得很好，推荐大家看看。
        妈妈天天给我打电话，让我常常回家。
        请问明天的会议是几点开始？
        最近工作比较忙，周末才有时间休息。
        """,
    ),
    Corpus(
        "Japanese",
        "LAUGHTER OPEN_END VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        今日めっちゃ疲れたw
        それなwww
        明日ひま？
        やばい、寝坊した笑
        おなかすいた〜
        了解です(^^)
        楽しかったね（笑）
        """,
    ),
    Corpus(
        "Japanese",
        "",
        "FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION",
        """
        昨日は友人と京都へ行きました。紅葉がとてもきれいでした。
        お送りいただいた資料を拝見しました。ありがとうございます。
        来週の会議ですが、時間を変更していただけますか。
        新しいレストランのパスタがおいしかったです。
        雨が降りそうなので、傘を持っていきます。
        """,
    ),
    Corpus(
        "Korean",
        "LAUGHTER EMOTICON ABBREVIATION OPEN_END VERY_SHORT NO_PUNCTUATION",
        "NO_EMOJI NO_EXCLAMATION",
        """
        ㅋㅋㅋㅋ 진짜 웃겨
        오늘 너무 피곤해 ㅠㅠ
        ㅇㅇ 알겠어
        내일 몇 시에 만나?
        ㄱㅅㄱㅅ
        배고파ㅠㅠ
        헐 대박 ㅋㅋㅋ
        """,
    ),
    Corpus(
        "Thai",
        "LAUGHTER STRETCHING VERY_SHORT",
        "NO_EXCLAMATION",
        """
        วันนี้เหนื่อยมาก
        555555 ตลกมาก
        ไปกินข้าวกันไหม
        ขอบคุณนะคะ 🙏
        จริงดิ 5555
        คิดถึงมากกกก
        ง่วงแล้ววว
        """,
    ),
    Corpus(
        "Italian",
        "LOWER_CASE ABBREVIATION OPEN_END LAUGHTER NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        cmq domani non posso venire
        nn so che dirti
        ahahah sei un genio
        xke non rispondi?
        tvb anche io
        hahaha ma dai
        ok ci sentiamo dopo cena
        """,
    ),
    Corpus(
        "Dutch",
        "EMOTICON OPEN_END",
        "CAPITAL_FIRST SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        Ik ben er over tien minuten :)
        Kun je vanavond de hond uitlaten?
        Dat was een gezellige avond, bedankt :-)
        Morgen heb ik geen tijd, helaas :(
        De trein had weer eens vertraging.
        Zie je straks in de stad ;)
        """,
    ),
    Corpus(
        "Hebrew",
        "LAUGHTER OPEN_END VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        חחחח איזה קטע
        מתי אתה מגיע?
        אני כבר בדרך
        חחח נכון
        לא הבנתי כלום
        טוב, נדבר מחר
        """,
    ),
    Corpus(
        "Urdu",
        "",
        "FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION",
        """
        میں کل لاہور جا رہا ہوں۔
        آج موسم بہت اچھا ہے۔
        کیا آپ نے یہ کتاب پڑھی ہے؟
        ہم شام کو چائے پر ملیں گے۔
        مجھے یہ فلم پسند نہیں آئی۔
        """,
    ),
    Corpus(
        "Indonesian",
        "LOWER_CASE ABBREVIATION LAUGHTER OPEN_END NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        aku gk bisa ikut besok
        wkwkwk lucu bgt
        udah makan blm?
        yg itu bagus jg sih
        wkwk iya bener
        nanti aku kabarin ya
        tdk apa apa kok
        """,
    ),
    Corpus(
        "Ukrainian",
        "TRAILING_DOTS",
        "CAPITAL_FIRST SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION FULL_STOP",
        """
        Не знаю... Може, завтра побачимося.
        З самого ранку йде дощ…
        У мене сьогодні немає настрою...
        В цьому місті завжди так тихо.
        Я вже й забула, як це було...
        Зустрінемося о п'ятій біля метро.
        """,
    ),
    Corpus(
        "Vietnamese",
        "LOWER_CASE OPEN_END ABBREVIATION NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        hôm nay mệt quá
        mai đi ăn phở ko
        t k biết nữa
        đang ở nhà thôi
        vs lại trời mưa to
        bn tới chưa?
        """,
    ),
    Corpus(
        "Czech",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        V pátek jedeme s dětmi na chatu.
        Zmrzlina v tom krámku je výborná.
        Bolí mě prst, tak dnes nehraju.
        Včera byl krásný den, šli jsme k řece.
        Mám rád knihy z druhé ruky.
        Na trh chodíme každou sobotu.
        """,
    ),
    Corpus(
        "Georgian",
        "OPEN_END VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        დღეს ძალიან დავიღალე
        როდის მოხვალ?
        კარგი, ხვალ შევხვდეთ
        მადლობა დახმარებისთვის
        სახლში ვარ უკვე
        """,
    ),
    Corpus(
        "Japanese",
        "EMOTICON STRETCHING EXCLAMATION VERY_SHORT OPEN_END",
        "NO_EMOJI SHORT",
        """
        今日はありがとう(´▽｀)
        明日たのしみーー！
        ごめんね(>_<)
        わーい！ケーキだ(*^▽^*)
        かわいいいい！
        おつかれさま♪
        """,
    ),
    Corpus(
        "Chinese",
        "MIXED_SCRIPTS OPEN_END NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        今天的meeting改到下午了
        这个project的deadline是周五
        老板让我写一个report
        晚上一起吃饭吗？
        我觉得这个design还可以再improve一下
        下班后去gym
        """,
    ),
    Corpus(
        "Spanish",
        "ALL_CAPITALS EXCLAMATION REPEATED_MARKS",
        "NO_EMOJI NO_ABBREVIATION SHORT",
        """
        FELIZ CUMPLEAÑOS QUERIDA!!!
        NO ENCUENTRO MIS LLAVES
        QUE GUAPA ESTAS EN LA FOTO!!
        Gracias por todo.
        LOS QUIERO MUCHO A TODOS!!
        YA LLEGUE A CASA
        """,
    ),
    Corpus(
        "Korean",
        "",
        "FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        안녕하세요, 문의드릴 것이 있습니다.
        내일 회의는 오전 열 시에 시작합니다.
        보내 주신 자료는 잘 받았습니다.
        혹시 일정을 변경할 수 있을까요?
        도와주셔서 정말 감사합니다.
        """,
    ),
    Corpus(
        "Portuguese",
        "EMOJI EMOJI_ROW STRETCHING EXCLAMATION VERY_SHORT OPEN_END",
        "CAPITAL_FIRST SHORT NO_ABBREVIATION",
        """
        Bom diaaaa meninas ☀️☀️
        Que lindo o seu vestido! 😍😍
        Amooo esse lugar 💙
        Feliz aniversário, Bia! 🎂🎈
        Saudadeees de vocês ❤️❤️❤️
        Chegamos bem em casa
        """,
    ),
    Corpus(
        "English",
        "ABBREVIATION LOWER_FIRST LOWER_CASE NO_APOSTROPHE OPEN_END",
        "SHORT NO_EMOJI",
        """
        im so done with this week
        cant believe its only tuesday
        thats what she said lol
        ur gonna love the new place
        dont forget the keys pls!
        didnt sleep at all, brb coffee
        going to NYC next month
        """,
    ),
    Corpus(
        "English",
        "LINES DASH",
        "CAPITAL_FIRST NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION SHORT FULL_STOP",
        """
        Shopping: / - milk / - two onions / - bread
        Plan for Friday / Train at 9:40, lunch in Bath, home by six.
        Notes from the call / Anna sends the draft - we answer by Monday.
        Back late tonight.
        Things to pack / - boots / - maps / - the blue jacket
        """,
    ),
    Corpus(
        "Hindi in Latin letters",
        "LOWER_CASE OPEN_END ABBREVIATION NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        kya kr rha hai bhai
        mai ghr pe hu abhi
        kl milte hai fir
        thik hai, bata dena
        nhi yaar bahut kaam hai
        acha sun na
        """,
    ),
    Corpus(
        "Swedish",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_ABBREVIATION NO_EXCLAMATION",
        """
        Vi ses på stationen kl. 18 i morgon.
        Jag har bl.a. läst hennes första roman.
        I år blev det ingen semester.
        Det är 5 km till närmaste affär.
        Å andra sidan är det billigt.
        """,
    ),
    Corpus(
        "Russian",
        "ASIDE DASH",
        "CAPITAL_FIRST FULL_STOP NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION SHORT",
        """
        Москва — город контрастов.
        Был в новом кафе (том, что у метро), кофе средний.
        Главное — не опоздать на поезд.
        Книга хорошая (хотя и затянутая).
        Дети уже спят — можно отдохнуть.
        Завтра у нас в школе собрание.
        """,
    ),
    Corpus(
        "Persian",
        "LAUGHTER QUESTION VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        کجایی؟
        خخخخ آره
        کی میای خونه؟
        هههه راست میگی
        چی شد بالاخره؟
        باشه فردا میبینمت
        """,
    ),
    Corpus(
        "Polish",
        "LOWER_CASE OPEN_END ABBREVIATION EMOTICON NO_PUNCTUATION",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        nwm czy przyjdę :/
        spoko, to do jutra
        wgl nie rozumiem tego zadania xD
        no w sumie racja
        kto idzie z nami na mecz
        pzdr dla mamy :)
        """,
    ),
    Corpus(
        "Bengali",
        "VERY_SHORT",
        "FULL_STOP NO_EMOJI NO_EXCLAMATION SHORT",
        """
        আমি কাল ঢাকা যাব।
        আজ খুব গরম পড়েছে।
        তুমি কেমন আছো?
        বইটা আমার ভালো লেগেছে।
        রাতে দেখা হবে, তখন কথা বলব।
        """,
    ),
    Corpus(
        "Finnish",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        Tänään sataa koko päivän.
        Menen huomenna mökille perheen kanssa.
        Kaappi on täynnä vanhoja kirjoja.
        Ääni kuului kaukaa metsästä.
        Oletko jo syönyt?
        """,
    ),
    Corpus(
        "English",
        "ABBREVIATION OPEN_END VERY_SHORT",
        "CAPITAL_FIRST NO_EMOJI NO_EXCLAMATION",
        """
        Thx for the lift yesterday
        Pls bring the charger
        Running late, sry
        Cant find my badge
        Lol you were right
        Will do, thx again
        """,
    ),
    Corpus(
        "Romanian",
        "LOWER_CASE OPEN_END",
        "SHORT NO_EMOJI NO_EXCLAMATION",
        """
        ce faci azi?
        nu pot sa vin, am treaba
        hahaha nu cred
        pt mine e ok
        si mie mi e foame
        hai ca ajung imediat
        """,
    ),
    Corpus(
        "Tamil",
        "LAUGHTER OPEN_END VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        ஹாஹா சூப்பர்
        நாளைக்கு பார்க்கலாம்
        எங்க இருக்க?
        ஹாஹாஹா சரி
        சாப்பிட்டாச்சா??
        தூக்கம் வருது
        """,
    ),
    Corpus(
        "Chinese",
        "EMOJI EMOJI_ROW OPEN_END VERY_SHORT",
        "",
        """
        今天天气真好😊
        出去跑步了💪💪
        这家火锅太辣了😂😂😂
        周末快乐！🎉
        刚看完电影，很感人😭😭
        """,
    ),
    Corpus(
        "Armenian",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION",
        """
        Այսօր եղանակը շատ լավ է։
        Վաղը գնում եմ Երևան։
        Ես սիրում եմ կարդալ երեկոյան։
        Նա դեռ տանը չէ։
        Շնորհակալություն օգնության համար։
        """,
    ),
    Corpus(
        "Tagalog",
        "LOWER_CASE LAUGHTER OPEN_END NO_PUNCTUATION VERY_SHORT",
        "NO_EMOJI NO_EXCLAMATION",
        """
        haha oo nga
        san ka na?
        grabeee ang init
        ok lang yan hehe
        d ko alam eh
        hahaha sira
        """,
    ),
    Corpus(
        "Danish",
        "",
        "CAPITAL_FIRST FULL_STOP SHORT NO_EMOJI NO_EXCLAMATION NO_ABBREVIATION",
        """
        Jeg tager til stranden i morgen.
        Hvad skal vi have til aften?
        Tak for sidst, det var hyggeligt.
        Toget til Aarhus er forsinket igen.
        I dag er det min fødselsdag.
        """,
    ),
    Corpus(
        "English",
        "LOWER_CASE REPEATED_MARKS QUESTION",
        "SHORT NO_EMOJI NO_ABBREVIATION",
        """
        are you serious???
        no way!!
        who does that??
        why would anyone buy this???
        it broke after two days
        never again!!
        """,
    ),
    Corpus(
        "Japanese",
        "EXCLAMATION",
        "SHORT NO_EMOJI",
        """
        ありがとうございます！
        今日の会議、お疲れさまでした！
        明日もよろしくお願いします！
        資料を送りました。ご確認ください。
        了解しました！
        """,
    ),
]

LEAST_PRECISION = 0.97
LEAST_RECALL = 0.97
ORDINARY = 0.5


def with_implied(habits: Iterable[Habit]) -> set[str]:
    return {name for habit in habits for name in (habit.name, *habit.implies)}


def observed(texts: list[str]) -> list[Habit]:
    return [observation.habit for observation in observations(texts)]


def lines(*texts: str) -> str:
    return "\n".join(observation.text for observation in observations(texts))


def test_what_is_observed_is_what_a_careful_reader_names() -> None:
    pairs = [(observed(corpus.texts), corpus.named) for corpus in CORPORA]
    right = [habit.name in with_implied(named) for found, named in pairs for habit in found]
    recalled = [habit.name in with_implied(found) for found, named in pairs for habit in named]
    assert sum(right) / len(right) >= LEAST_PRECISION
    assert sum(recalled) / len(recalled) >= LEAST_RECALL


@pytest.mark.parametrize("corpus", CORPORA, ids=str)
def test_what_is_distinctive_stands_before_what_is_ordinary(corpus: Corpus) -> None:
    ordinary = [habit.usual >= ORDINARY for habit in observed(corpus.texts)]
    assert ordinary == sorted(ordinary)
    assert len(ordinary) <= 8


def test_an_observation_tells_how_many_texts_show_it_and_which() -> None:
    texts = ["ok lol", "See you", "", "on my way", "https://example.org", "just left @anna"]
    [lower] = [
        observation for observation in observations(texts) if observation.habit is style.LOWER_CASE
    ]
    assert lower.text == "writes everything in lower case (3 of 4 texts)"
    assert lower.showing == (0, 3, 5)
    assert lower.of == 4


def test_words_that_show_a_habit_are_cited_the_most_frequent_first() -> None:
    said = lines("haha no", "HAHA yes tbh", "hehe idk tbh", "idk", "tbh no")
    assert "writes out laughter, such as haha, hehe (3 of 5 texts)" in said
    assert "abbreviations, such as tbh, idk (4 of 5 texts)" in said


def test_a_habit_that_says_less_is_not_named_beside_one_that_says_it_too() -> None:
    found = observed(["so tired of this", "going home now", "see you there then"])
    assert style.LOWER_CASE in found
    assert style.LOWER_FIRST not in found
    assert style.NO_PUNCTUATION in found
    assert style.OPEN_END not in found


def test_one_text_of_many_is_no_habit() -> None:
    assert style.EMOJI not in observed(["good 🎉", "fine", "later", "home"])
    assert style.EMOJI in observed(["good 🎉", "fine 🎉", "later", "home"])
    assert style.EMOJI in observed(["good 🎉"])


def test_a_habit_that_few_of_the_texts_can_show_is_not_named() -> None:
    texts = ["ok bye", "see you", "今天很好", "你好", "再见", "好的", "晚安"]
    assert style.LOWER_CASE not in observed(texts)
    assert style.LOWER_CASE in observed(texts[:5])


@pytest.mark.parametrize("texts", [[], ["", "  "], ["https://example.org/a", "@anna"]])
def test_nothing_is_observed_of_no_words(texts: list[str]) -> None:
    assert observations(texts) == []
    assert style_of(texts) == {}


@pytest.mark.parametrize(
    ("text", "cased"),
    [
        ("Guten Tag", True),
        ("добрый день", True),
        ("καλημέρα", True),
        ("բարև", True),
        ("გამარჯობა", False),
        ("你好", False),
        ("こんにちは PC", False),
        ("नमस्ते", False),
        ("مرحبا", False),
        ("안녕", False),
        ("123", False),
    ],
)
def test_capitals_are_counted_only_where_a_script_has_them(text: str, cased: bool) -> None:
    assert (kept(style.LOWER_CASE, text) is not None) == cased
    assert (kept(style.CAPITAL_FIRST, text) is not None) == cased


def test_a_text_that_opens_with_a_digit_does_not_open_without_a_capital() -> None:
    assert kept(style.CAPITAL_FIRST, "3 Äpfel") is None
    assert kept(style.CAPITAL_FIRST, "¿Qué tal?") is True
    assert kept(style.LOWER_FIRST, "«ну да»") is True


@pytest.mark.parametrize(
    ("text", "stop", "open_end"),
    [
        ("Home.", True, False),
        ("Home. 🎉", True, False),
        ("Home. :)", True, False),
        ("(Home.)", True, False),
        ("Home. #monday", True, False),
        ("今日は雨。", True, False),
        ("मैं घर हूँ।", True, False),
        ("میں گھر ہوں۔", True, False),
        ("Ես տանն եմ։", True, False),
        ("home", False, True),
        ("home 😂", False, True),
        ("привет))", False, True),
        ("今日は雨w", False, True),
        ("Home...", False, False),
        ("雨だ。。。", False, False),
        ("Home!", False, False),
        ("где؟", False, False),
        ("τι κάνεις;", False, False),
        ("ไปไหน", None, None),
        ("🎉🎉", None, None),
    ],
)
def test_the_end_is_read_in_every_script(
    text: str, stop: bool | None, open_end: bool | None
) -> None:
    assert kept(style.FULL_STOP, text) is stop
    assert kept(style.OPEN_END, text) is open_end


@pytest.mark.parametrize(
    ("habit", "text", "shows"),
    [
        (style.REPEATED_MARKS, "真的吗？！", True),
        (style.REPEATED_MARKS, "really?", False),
        (style.EXCLAMATION, "太好了！", True),
        (style.QUESTION, "كيف حالك؟", True),
        (style.QUESTION, "τι κάνεις;", True),
        (style.QUESTION, "fine; thanks", False),
        (style.TRAILING_DOTS, "今天好累……", True),
        (style.TRAILING_DOTS, "it costs 3.50.", False),
        (style.OPENING_MARKS, "¡hola!", True),
        (style.DASH, "late — again", True),
        (style.DASH, "well-known", False),
        (style.ASIDE, "it works (mostly)", True),
        (style.ASIDE, "ok (^_^) (笑)", False),
        (style.NO_PUNCTUATION, "going home at 3.30 then :)", True),
        (style.NO_PUNCTUATION, "going home, then", False),
        (style.HASHTAG, "run #running", True),
        (style.HASHTAG, "we are #1", False),
        (style.LINES, "one\ntwo", True),
        (style.ALL_CAPITALS, "YA LLEGUE A CASA", True),
        (style.ALL_CAPITALS, "USA", False),
        (style.NO_ABBREVIATION, "so it is", True),
        (style.NO_ABBREVIATION, "今天", None),
    ],
)
def test_a_text_keeps_a_habit_breaks_it_or_has_no_say(
    habit: Habit, text: str, shows: bool | None
) -> None:
    assert kept(habit, text) is shows


def test_styles_are_nearer_of_one_hand_than_of_two() -> None:
    casual, again = style_of(["ok lol", "omw"]), style_of(["idk tbh", "see u there"])
    other = style_of(["I am on my way.", "See you there!"])
    assert distance(casual, casual) == 0
    assert distance(casual, again) < distance(casual, other) <= 1
    assert distance(casual, other) == distance(other, casual)


def test_habits_that_do_not_apply_to_both_are_left_out_of_a_distance() -> None:
    chinese = style_of(["今天很好。"])
    assert style.LOWER_CASE.name not in chinese
    assert distance(chinese, style_of(["Fine."])) == distance(chinese, style_of(["fine."]))


def test_styles_without_a_habit_in_common_have_no_distance() -> None:
    with pytest.raises(InputError, match="no habit applies to both"):
        distance(style_of([]), style_of(["fine"]))


def test_names_of_habits_are_told_apart() -> None:
    assert len({habit.name for habit in HABITS}) == len(HABITS)


@pytest.mark.parametrize(
    "unit",
    "a s ha h k rs 5 あw 笑 ( a( (^ ) a) ~ a~ #a . a. ! 😂 👍🏽 ' 1. xD ー हा ㅋ @ u T_ - \n".split(
        " "
    ),
)
def test_a_long_run_of_anything_is_read_in_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = own_words(unit * (size // len(unit)) + "x")
        start = time.process_time()
        for habit in HABITS:
            if habit.applies(text):
                habit.found(text)
        return time.process_time() - start

    assert seconds(16_000) < 8 * max(seconds(4_000), 0.02)

using System.Globalization;
using System.Text;

namespace Quota.Silo.Replay;

/// <summary>
/// Writes an access log that looks like a web site's: many clients of which few make most of the requests (Zipf), people who
/// load pages with their parts, crawlers at a steady pace, scrapers and password guessers in bursts. All integers and a random
/// generator of its own, so a seed gives the same bytes everywhere. Addresses are those reserved for documentation.
/// </summary>
internal static class SampleLog
{
    private const int Clients = 400;
    private const int SpanMs = 4 * 3600 * 1000;
    private static readonly DateTime Begin = new(2026, 1, 12, 9, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Networks = ["192.0.2.", "198.51.100.", "203.0.113."];
    private static readonly string[] Pages = ["/", "/pricing", "/docs", "/docs/start", "/docs/limits", "/blog", "/blog/windows", "/about", "/account"];
    private static readonly string[] Assets = ["/app.css", "/app.js", "/logo.svg", "/font.woff2", "/favicon.ico"];
    private static readonly string[] Words = ["quota", "window", "month", "burst", "grain", "silo", "lease"];
    private static readonly string[] Browsers = ["Mozilla/5.0 Firefox/140.0", "Mozilla/5.0 Chrome/138.0", "Mozilla/5.0 Safari/18.5"];
    private static readonly string[] Users = ["-", "-", "-", "-", "-", "-", "-", "ada", "grace", "linus"];

    /// <summary>Exactly <paramref name="lines"/> lines in the combined format, in the order their answers ended.</summary>
    public static string Generate(ulong seed, int lines)
    {
        var random = new SampleRandom(seed);
        int[] ranks = ZipfRanks();
        var requests = new List<SampleRequest>();
        while (requests.Count < lines)
        {
            int startMs = random.Below(SpanMs);
            int kind = random.Below(1000);
            if (kind < 965)
            {
                Visit(random, requests, startMs, Client(random.Pick(ranks)));
            }
            else if (kind < 985)
            {
                Crawl(random, requests, startMs, Client(Clients + random.Below(4)));
            }
            else if (kind < 995)
            {
                Scrape(random, requests, startMs, Client(Clients + 10 + random.Below(3)));
            }
            else
            {
                GuessPasswords(random, requests, startMs, Client(Clients + 20 + random.Below(3)));
            }
        }
        var text = new StringBuilder();
        foreach (SampleRequest request in requests.Take(lines).OrderBy(r => r.EndMs))
        {
            Append(text, request);
        }
        return text.ToString();
    }

    /// <summary>Each client as often as its share of visits: the n-th makes 1/n as many as the first.</summary>
    private static int[] ZipfRanks() =>
        [.. Enumerable.Range(1, Clients).SelectMany(rank => Enumerable.Repeat(rank, Math.Max(1, Clients / rank)))];

    private static string Client(int number) => Networks[number % Networks.Length] + ((number / Networks.Length) + 1).ToString(CultureInfo.InvariantCulture);

    private static void Visit(SampleRandom random, List<SampleRequest> requests, int startMs, string client)
    {
        string agent = random.Pick(Browsers);
        string user = random.Pick(Users);
        long now = startMs;
        for (int pages = 1 + random.Below(4); pages > 0; pages--)
        {
            bool isSearch = random.Chance(20);
            string page = isSearch ? "/search?q=" + random.Pick(Words) : random.Pick(Pages);
            Add(random, requests, now, client, user, "GET", page, random.Chance(2) ? 404 : 200, "-", agent);
            int assets = random.Chance(60) ? random.Below(Assets.Length + 1) : 0;
            for (int i = 0; i < assets; i++)
            {
                Add(random, requests, now + 50 + random.Below(900), client, user, "GET", Assets[i], random.Chance(50) ? 304 : 200, page, agent);
            }
            now += 3_000 + random.Below(40_000);
        }
    }

    private static void Crawl(SampleRandom random, List<SampleRequest> requests, int startMs, string client)
    {
        int pages = 10 + random.Below(30);
        for (int i = 0; i < pages; i++)
        {
            Add(random, requests, startMs + (i * 2_000), client, "-", i == 0 ? "HEAD" : "GET", random.Pick(Pages), 200, "-", "ExampleBot/2.1");
        }
    }

    private static void Scrape(SampleRandom random, List<SampleRequest> requests, int startMs, string client)
    {
        int pages = 40 + random.Below(120);
        for (int i = 0; i < pages; i++)
        {
            string target = $"/search?q={random.Pick(Words)}&page={i.ToString(CultureInfo.InvariantCulture)}";
            Add(random, requests, startMs + (i * (40 + random.Below(60))), client, "-", "GET", target, 200, "-", "python-requests/2.32");
        }
    }

    private static void GuessPasswords(SampleRandom random, List<SampleRequest> requests, int startMs, string client)
    {
        int tries = 30 + random.Below(60);
        for (int i = 0; i < tries; i++)
        {
            Add(random, requests, startMs + (i * 120), client, "-", "POST", "/login", 401, "-", "curl/8.5.0");
        }
    }

    private static void Add(SampleRandom random, List<SampleRequest> requests, long startMs, string client, string user, string method, string target, int status, string referer, string agent)
    {
        int bytes = status is 304 || method == "HEAD" ? 0 : 200 + random.Below(30_000);
        long endMs = startMs + 5 + random.Below(random.Chance(5) ? 3_000 : 200);
        requests.Add(new SampleRequest(startMs, endMs, client, user, method, target, status, bytes, referer, agent));
    }

    private static void Append(StringBuilder text, SampleRequest request)
    {
        string time = Begin.AddMilliseconds(request.StartMs).ToString("dd/MMM/yyyy:HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture, $"{request.Client} - {request.User} [{time}] \"{request.Method} {request.Target} HTTP/1.1\" {request.Status} ");
        text.Append(CultureInfo.InvariantCulture, $"{request.Bytes} \"{request.Referer}\" \"{request.UserAgent}\"\n");
    }
}

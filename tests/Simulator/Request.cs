namespace Quota.Simulator;

/// <summary>What a client wants done once, however often it has to ask.</summary>
internal sealed class Request
{
    public required int Number { get; init; }

    /// <summary>Index of the key among the levels.</summary>
    public required int Key { get; init; }

    public required long Cost { get; init; }

    /// <summary>Value of the attribute that some limits count by.</summary>
    public required string Ip { get; init; }

    /// <summary>The request id; empty if it has none, and then is not repeated.</summary>
    public required string Id { get; init; }

    /// <summary>Time to live of the reservation it asks for; 0: it is a check.</summary>
    public long TtlMs { get; init; }

    /// <summary>Attempts of which nobody has learnt what became of them.</summary>
    public int Open { get; set; }

    public int Attempts { get; set; }

    /// <summary>A silo has answered that it is allowed.</summary>
    public bool IsAdmitted { get; set; }

    /// <summary>Times a silo has answered so, and that it was not a repeat.</summary>
    public int TimesCounted { get; set; }

    /// <summary>The client has its answer.</summary>
    public bool IsDone { get; set; }

    /// <summary>The first instant at which it can have been counted, and the last.</summary>
    public long StartNs { get; set; } = long.MaxValue;

    public long EndNs { get; set; }

    /// <summary>Every attempt was made under these plans; -1 if they differ.</summary>
    public int Version { get; set; } = -2;

    /// <summary>Of a reservation: its id.</summary>
    public string Reservation { get; set; } = "";

    /// <summary>Of a reservation: what is certainly used of it, and what may be.</summary>
    public long UsedMin { get; set; }

    /// <inheritdoc cref="UsedMin"/>
    public long UsedMax { get; set; }

    /// <summary>What it certainly counts.</summary>
    public long CountedMin => !IsAdmitted ? 0 : TtlMs > 0 ? UsedMin : Cost;

    /// <summary>What it may count.</summary>
    public long CountedMax => IsAdmitted ? TtlMs > 0 ? UsedMax : Cost : Open > 0 ? Cost : 0;

    public override string ToString() => $"request {Number} (key {Key}, cost {Cost}{(Id.Length > 0 ? ", with id" : "")}{(TtlMs > 0 ? ", reservation" : "")})";
}

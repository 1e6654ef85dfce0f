namespace Quota.Silo.Replay;

/// <summary>One line of an access log. The parts stay where the line is; a part that the log leaves out (<c>-</c>) is empty.</summary>
public ref struct AccessLogLine
{
    /// <summary>The client's address, as the server logged it.</summary>
    public ReadOnlySpan<byte> Client;

    /// <summary>The authenticated user.</summary>
    public ReadOnlySpan<byte> User;

    /// <summary>When the request was made, in ms since the Unix epoch; logs have whole seconds.</summary>
    public long UnixMs;

    /// <summary>Empty if the request line was no HTTP request.</summary>
    public ReadOnlySpan<byte> Method;

    /// <summary>The target up to its query. Empty if the request line was no HTTP request.</summary>
    public ReadOnlySpan<byte> Path;

    /// <summary>The status answered, 100 to 599.</summary>
    public int Status;

    /// <summary><see cref="Status"/> as it stands in the line.</summary>
    public ReadOnlySpan<byte> StatusText;

    /// <summary>Bytes answered; 0 if left out.</summary>
    public long Bytes;

    /// <summary>Empty in the common format.</summary>
    public ReadOnlySpan<byte> Referer;

    /// <summary>Empty in the common format.</summary>
    public ReadOnlySpan<byte> UserAgent;
}

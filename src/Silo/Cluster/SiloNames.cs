using System.Net;
using Quota.Contracts;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cluster;

/// <summary>Names of silos, and the addresses by which others reach them.</summary>
internal static class SiloNames
{
    public const string Rule = "must be 1 to 64 of a-z, 0-9, . and -";

    /// <summary>Whether the text can be a silo's name.</summary>
    public static bool IsName(string text) => text.Length is >= 1 and <= Bounds.SiloNameBytesMax && text.All(IsNameCharacter);

    /// <summary>The name of a silo that was given none: the machine's, and the port it serves gRPC on.</summary>
    /// <param name="machine">The machine's name.</param>
    /// <param name="grpcListen">An address that <see cref="ListenText"/> reads.</param>
    public static string Default(string machine, string grpcListen)
    {
        string port = "-" + (ListenText.TryParse(grpcListen, out IPEndPoint listen) ? listen.Port.ToString(System.Globalization.CultureInfo.InvariantCulture) : "0");
        string host = new([.. machine.ToLowerInvariant().Select(c => IsNameCharacter(c) ? c : '-')]);
        return host[..Math.Min(host.Length, Bounds.SiloNameBytesMax - port.Length)] + port;
    }

    /// <summary>Whether the text is a host (a DNS name, an IPv4 address, or an IPv6 address in brackets) and a port from 1 to 65535.</summary>
    public static bool IsAddress(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || text.Length > Bounds.AdvertiseBytesMax || !int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int port) || port is < 1 or > IPEndPoint.MaxPort)
        {
            return false;
        }
        string host = text[..colon];
        return host.StartsWith('[') && host.EndsWith(']')
            ? IPAddress.TryParse(host[1..^1], out IPAddress? v6) && v6.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            : host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
    }

    private static bool IsNameCharacter(char c) => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '.' or '-';
}

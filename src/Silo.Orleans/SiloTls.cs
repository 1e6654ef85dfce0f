using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using Quota.Silo.Cluster;

namespace Quota.Silo.Orleans;

/// <summary>TLS between silos: both sides show a certificate of one authority.</summary>
internal static class SiloTls
{
    /// <summary>Why the files cannot be used; null if they can.</summary>
    public static string? Problem(SiloTlsSettings settings)
    {
        try
        {
            using X509Certificate2 certificate = Load(settings);
            X509Certificate2Collection authority = Authority(settings);
            return authority.Count == 0 ? $"server.orleans.tls.authority: {settings.AuthorityFile} has no certificate"
                : !IsSigned(certificate, null, authority) ? $"server.orleans.tls.certificate: {settings.CertificateFile} is not valid now, or not signed by the authority"
                : null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return $"server.orleans.tls: {e.Message}";
        }
    }

    public static void Configure(ISiloBuilder silo, SiloTlsSettings settings)
    {
        X509Certificate2Collection authority = Authority(settings);
        silo.UseTls(Load(settings), tls =>
        {
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            // Who may be part of the cluster is who has a certificate of its authority; the address it has does not matter.
            tls.RemoteCertificateValidation = (certificate, chain, _) => IsSigned(certificate, chain, authority);
            tls.OnAuthenticateAsClient = static (_, client) => client.TargetHost = "quota-silo";
        });
    }

    private static X509Certificate2 Load(SiloTlsSettings settings) => X509Certificate2.CreateFromPemFile(settings.CertificateFile, settings.KeyFile);

    private static X509Certificate2Collection Authority(SiloTlsSettings settings)
    {
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(settings.AuthorityFile);
        return authority;
    }

    private static bool IsSigned(X509Certificate2 certificate, X509Chain? shown, X509Certificate2Collection authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (shown is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(shown.ChainPolicy.ExtraStore);
        }
        return chain.Build(certificate);
    }
}
